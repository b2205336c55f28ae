import { afterAll, afterEach, expect, it } from '@jest/globals';
import type { WireOutput } from '@order-system/contracts/define';
import type { GetEventHealth } from '@order-system/contracts/events.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { givenAdmin, givenUser, times } from './client.js';
import {
  closeWires,
  connect,
  givenRoom,
  type Message,
  readMessages,
  type Refused,
  upTo,
  type Wire,
} from './sockets.js';

const CLIENTS = 50;
const MESSAGES_EACH = 40;
const ALL = CLIENTS * MESSAGES_EACH;
const LAST = 5;
const CUT_OFF_MS = 5_000;
const DRAINED_WITHIN_MS = 60_000;

afterEach(closeWires);

// Whoever comes next would wait behind what so many messages cause.
afterAll(async () => {
  const admin = await givenAdmin();
  await eventually(async () => {
    const { consumers } = await admin.ask<WireOutput<typeof GetEventHealth>>('GET', '/events/health');
    for (const { consumer, waiting } of consumers) expect([consumer, waiting]).toEqual([consumer, 0]);
  }, DRAINED_WITHIN_MS);
}, DRAINED_WITHIN_MS);

/** Says one thing after the other, each until it is known to be stored; the last ones to everybody. */
async function sayAll(wire: Wire, orderId: string, name: string, allAreHere: Promise<void>): Promise<void> {
  for (const i of upTo(MESSAGES_EACH)) {
    if (i === MESSAGES_EACH - LAST) await allAreHere;
    const message = { orderId, content: `${name} says ${i}`, clientMessageId: `${name}-${i}` };
    await eventually(async () => void (await wire.ask('sendMessage', message)));
  }
}

/** What a client shows: what it was pushed, and after a gap what it has asked for. */
async function follow(wire: Wire, orderId: string, onBack: () => void): Promise<Message[]> {
  const { client, socket } = wire;
  await eventually(() => expect(wire.about('newMessage', orderId).length).toBeGreaterThan(100));
  socket.disconnect();
  const shown = wire.about<Message>('newMessage', orderId);
  const cutOff = Date.now();
  await eventually(() => expect(Date.now() - cutOff).toBeGreaterThan(CUT_OFF_MS));
  socket.connect();
  await eventually(() => wire.join(orderId));
  onBack();
  // From here on pushes come again: what was written before is read, the rest is in one of the two or in both.
  shown.push(...(await eventually(() => readMessages(client, orderId, shown.at(-1)?.seq))));
  await eventually(() => expect(wire.about<Message>('newMessage', orderId).at(-1)?.seq).toBe(ALL), 60_000);
  const last = shown.at(-1)?.seq ?? 0;
  return [...shown, ...wire.about<Message>('newMessage', orderId).filter(({ seq }) => seq > last)];
}

it(`${CLIENTS} clients in one room see ${ALL} messages once and in order, also one that was cut off`, async () => {
  const [admin, ada] = await Promise.all([givenAdmin(), givenUser()]);
  const { id } = await givenRoom(ada);
  const wires = await Promise.all(times(CLIENTS, (i) => connect(i % 4 < 2 ? ada : admin)));
  await Promise.all(wires.map((wire) => wire.join(id)));
  const lost = await connect(ada);
  await lost.join(id);

  const back = Promise.withResolvers<void>();
  const [shown] = await Promise.all([
    follow(lost, id, back.resolve),
    ...wires.map((wire, i) => sayAll(wire, id, `client-${i}`, back.promise)),
  ]);

  const stored = await readMessages(ada, id);
  expect(stored.map(({ seq }) => seq)).toEqual(upTo(ALL));
  expect(new Set(stored.map(({ content }) => content)).size).toBe(ALL);
  for (const wire of wires) {
    await eventually(() => expect(wire.about('newMessage', id)).toHaveLength(ALL), 60_000);
    expect(wire.about('newMessage', id)).toEqual(stored);
  }
  expect(shown).toEqual(stored);
}, 200_000);

it('a client that talks too fast is told so, and the others go on', async () => {
  const [admin, ada] = await Promise.all([givenAdmin(), givenUser()]);
  const { id } = await givenRoom(ada);
  const [loud, quiet] = await Promise.all([connect(ada), connect(admin)]);
  await quiet.join(id);
  const answers = await Promise.all(
    times(1_000, (i) => loud.send('sendMessage', { orderId: id, content: `no. ${i}` })),
  );
  const stored = answers.filter(({ ok }) => ok === true).map(({ message }) => (message as Message).seq);
  const refused = answers.filter((answer): answer is Refused => answer['ok'] === false);
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['RATE_LIMITED']));
  expect(stored.length + refused.length).toBe(1_000);
  expect(refused.length).toBeGreaterThan(500);
  expect((await readMessages(ada, id)).map(({ seq }) => seq)).toEqual(stored.sort((a, b) => a - b));
  await quiet.ask('sendMessage', { orderId: id, content: 'Please wait.' });
  await quiet.saw('newMessage', { orderId: id, content: 'Please wait.' });
});
