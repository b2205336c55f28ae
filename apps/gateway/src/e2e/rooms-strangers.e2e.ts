import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { type Client, givenAdmin, givenUser, times } from './client.js';
import {
  type ChatRoom,
  closeWires,
  connect,
  givenRoom,
  type Message,
  readMessages,
  type Wire,
} from './sockets.js';

const NOT_FOUND = { ok: false, code: 'NOT_FOUND' };
const REFUSED = { ok: false, code: 'VALIDATION_FAILED', message: expect.any(String) };

let admin: Client;
let ada: Client;
let mallory: Client;
let orderId: string;
let adas: Wire;
let mallorys: Wire;
beforeAll(async () => {
  [admin, ada, mallory] = await Promise.all([givenAdmin(), givenUser(), givenUser()]);
  orderId = (await givenRoom(ada)).id;
});
const connectBoth = async () => {
  [adas, mallorys] = await Promise.all([connect(ada), connect(mallory)]);
};
afterEach(closeWires);

describe('a stranger', () => {
  it('can do nothing in a room, which is not there for them', async () => {
    await connectBoth();
    for (const id of [orderId, randomUUID()]) {
      expect(await mallorys.send('joinOrder', { orderId: id })).toMatchObject(NOT_FOUND);
      const message = { orderId: id, content: 'Hi', clientMessageId: '1' };
      expect(await mallorys.send('sendMessage', message)).toMatchObject(NOT_FOUND);
      expect(await mallorys.send('markRead', { orderId: id, seq: 1 })).toMatchObject(NOT_FOUND);
      expect(await mallorys.send('typing', { orderId: id, typing: true })).toMatchObject(NOT_FOUND);
      for (const [method, path, body] of [
        ['GET', ''],
        ['GET', '/messages'],
        ['GET', '/history'],
        ['GET', '/transcript'],
        ['POST', '/messages', { content: 'Hi' }],
        ['POST', '/message', { content: 'Hi' }],
        ['POST', '/read', { seq: 1 }],
      ] as const) {
        const answer = await mallory.send(method, `/chat/${id}${path}`, { body });
        expect([path, ...answer.outcome]).toEqual([path, 404, 'NOT_FOUND']);
      }
    }
  });

  it('hears nothing of it', async () => {
    await connectBoth();
    await adas.join(orderId);
    await mallorys.send('joinOrder', { orderId });
    await mallorys.send('joinOrder', { orderId: `order:${orderId}` });
    const content = randomUUID();
    await adas.ask('sendMessage', { orderId, content });
    await adas.saw('newMessage', { content });
    await admin.ask('POST', `/chat/${orderId}/read`, { seq: 1 });
    await adas.saw('messagesRead', { userId: admin.userId });
    // What is told to everybody comes after it.
    const message = randomUUID();
    await admin.ask('POST', '/announcements', { message });
    await mallorys.saw('announcement', { message });
    expect(mallorys.pushes.filter(({ name }) => name !== 'announcement')).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['a room of this server', 'admins'],
    ['a list', [['admins']]],
    ['an object', { orderId: { toString: 'admins' } }],
    ['an order in a list', { orderId: ['admins'] }],
    ["a person's room", { orderId: 'user:1' }],
    ['no order', {}],
    ['null', null],
    ['bytes', Buffer.from('admins')],
    ['more than is asked for', { orderId: randomUUID(), room: 'admins' }],
  ])('joins nothing by %s', async (_, payload) => {
    await connectBoth();
    expect(await mallorys.send('joinOrder', payload)).toEqual(REFUSED);
  });
});

describe('who says something, when and where, is not for the sender to say', () => {
  it.each([
    { senderId: randomUUID() },
    { userId: randomUUID() },
    { seq: 1 },
    { role: 'admin' },
    { senderRole: 'admin' },
    { id: randomUUID() },
    { createdAt: '2020-01-01T00:00:00Z' },
  ])('%p', async (forged) => {
    await connectBoth();
    const before = await ada.ask<ChatRoom>('GET', `/chat/${orderId}`);
    const message = { orderId, content: 'Hi', clientMessageId: randomUUID(), ...forged };
    expect(await adas.send('sendMessage', message)).toEqual(REFUSED);
    expect(await adas.send('markRead', { orderId, seq: 0, ...forged, seq2: 1 })).toEqual(REFUSED);
    expect(await adas.send('typing', { orderId, typing: true, ...forged })).toEqual(REFUSED);
    const { orderId: _, ...body } = message;
    expect((await ada.send('POST', `/chat/${orderId}/messages`, { body })).outcome).toEqual([
      400,
      'VALIDATION_FAILED',
    ]);
    expect(await ada.ask('GET', `/chat/${orderId}`)).toEqual(before);
  });
});

describe('what somebody writes', () => {
  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[click](javascript:alert(1))',
    "'; DROP TABLE chat.message; --",
    '\u202Egnp.exe \u0301\u0301\u0301 \u{1F469}\u200D\u{1F469}\u200D\u{1F467}',
    '  two lines\r\n and a tab\t ',
    '{"__proto__":{"admin":true}} ${7*7} {{7*7}}',
    'x'.repeat(4_000),
  ])('comes back as the characters it is: %#', async (content) => {
    await connectBoth();
    await adas.join(orderId);
    const { message } = await adas.ask('sendMessage', { orderId, content, clientMessageId: randomUUID() });
    expect(message.content).toBe(content);
    expect((await adas.saw<Message>('newMessage', { id: message.id })).content).toBe(content);
    expect((await readMessages(admin, orderId, message.seq - 1))[0]?.content).toBe(content);
  });

  it.each(['', 'x'.repeat(4_001), 'a\u0000b', '\uD800', 7, null, ['Hi'], { text: 'Hi' }])(
    'has to be text of 1 to 4000 characters: %#',
    async (content) => {
      await connectBoth();
      expect(await adas.send('sendMessage', { orderId, content, clientMessageId: '1' })).toEqual(REFUSED);
      const answer = await ada.send('POST', `/chat/${orderId}/messages`, { body: { content } });
      expect(answer.outcome).toEqual([400, 'VALIDATION_FAILED']);
    },
  );
});

describe('junk', () => {
  const deep = (levels: number): unknown => times(levels, (i) => i).reduce<unknown>((inner) => [inner], 1);
  const stillThere = async () => {
    expect((await ada.send('GET', '/health')).status).toBe(200);
    expect(await (await connect(ada)).join(orderId)).toMatchObject({ ok: true, orderId });
  };

  it.each<[string, unknown[]]>([
    ['an unknown event', ['dropTables', {}]],
    ['a name of the language', ['__proto__', {}]],
    ['a name of every object', ['constructor', {}]],
    ['an event of ours', ['newMessage', { orderId: randomUUID() }]],
    ['nothing to go with it', ['sendMessage']],
    ['too much to go with it', ['typing', 1, 2, 3]],
    ['bytes', ['sendMessage', { content: Buffer.alloc(100) }]],
    ['ten levels', ['sendMessage', deep(10)]],
  ])('is answered: %s', async (_, [name, ...payload]) => {
    await connectBoth();
    expect(await adas.send(String(name), ...payload)).toEqual(REFUSED);
    expect(adas.ended).toBeUndefined();
  });

  it('is answered: ten thousand levels, which no client could write', async () => {
    await connectBoth();
    const { engine } = adas.socket.io;
    const answers: unknown[] = [];
    engine.on('packet', ({ data }: { data?: unknown }) => answers.push(data));
    engine.write(`2777["sendMessage",${'['.repeat(10_000)}${']'.repeat(10_000)}]`);
    await eventually(() => expect(answers).toEqual([expect.stringMatching(/^3777\[{"ok":false,/)]));
    await stillThere();
  });

  it('may come without anybody who waits for the answer', async () => {
    await connectBoth();
    for (const name of ['joinOrder', 'sendMessage', 'typing', 'markRead', 'watchEvents', 'nothing'])
      adas.socket.emit(name, { orderId, content: 'Hi', typing: true, seq: 1 });
    adas.socket.emit('sendMessage', 'not the last', () => undefined, 'but this');
    expect(await adas.join(orderId)).toMatchObject({ orderId });
    await stillThere();
  });

  it('of more than 64 kB ends the connection, and nothing else', async () => {
    await connectBoth();
    await adas.join(orderId);
    mallorys.socket.emit('sendMessage', { orderId, content: 'x'.repeat(70_000), clientMessageId: '1' });
    await eventually(() => expect(mallorys.ended).toMatch(/^transport/));
    expect(adas.ended).toBeUndefined();
    const polling = await connect(mallory, { transports: ['polling'] });
    polling.socket.emit('sendMessage', { orderId, content: 'x'.repeat(70_000), clientMessageId: '1' });
    await eventually(() => expect(polling.ended).toMatch(/^transport/));
    await stillThere();
  });

  it('that is no protocol at all is refused', async () => {
    await connectBoth();
    const engine = adas.socket.io.engine;
    for (const packet of [
      '9',
      '2/nothing,["x"]',
      '2[',
      '451-["x",{"_placeholder":true,"num":9}]',
      '0{"token":',
    ])
      engine.write(packet);
    await eventually(() => expect(adas.ended).toBeDefined());
    await stillThere();
  });
});
