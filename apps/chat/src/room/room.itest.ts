import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EnterRoom,
  GetRoom,
  GetTranscript,
  ListMessages,
  ListRooms,
  MarkRead,
  SendMessage,
} from '@order-system/contracts/chat.contracts';
import { redeliver } from '@order-system/contracts/events.contracts';
import { GUEST } from '@order-system/contracts/primitives';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { z } from 'zod';
import { anOrder, as, startChat } from './room.fixture.js';

const NOT_FOUND = { code: 'NOT_FOUND', detail: 'There is no such room.' };

describe('rooms', () => {
  let app: Awaited<ReturnType<typeof startChat>>;
  beforeAll(async () => void (app = await startChat()));
  afterAll(() => app.stop());

  const send = (orderId: string, ctx: MessageContext, content = 'Hello', clientMessageId?: string) =>
    app.rpc.call(SendMessage, { orderId, content, ...(clientMessageId ? { clientMessageId } : {}) }, ctx);
  const list = (
    orderId: string,
    ctx: MessageContext,
    more: { after?: number; before?: number; limit?: number } = {},
  ) => app.rpc.call(ListMessages, { orderId, limit: 50, ...more }, ctx);
  const roomOf = (orderId: string, ctx: MessageContext) => app.rpc.call(GetRoom, { orderId }, ctx);
  const seqs = async (orderId: string, more = {}) =>
    (await list(orderId, as('admin'), more)).messages.map(({ seq }) => seq);

  describe('how they come to be', () => {
    it('makes one room for an order, also when its event is applied again', async () => {
      const order = anOrder();
      const eventId = await app.announce(order);
      const rows = () => app.db.query(sql`SELECT * FROM chat.room WHERE order_id = ${order.id}`);
      const before = await eventually(async () => {
        const found = await rows();
        expect(found).toMatchObject([{ order_number: order.number, user_id: order.userId, last_seq: 0 }]);
        return found;
      });
      const [message] = await app.db.query(sql`
        SELECT id, type, schema_version AS version, data, actor, correlation_id AS "correlationId",
          causation_id AS "causationId", occurred_at AS "occurredAt", jsonb_build_object('type', aggregate_type,
          'id', aggregate_id, 'version', aggregate_version) AS aggregate
        FROM events.event WHERE id = ${eventId}`);
      const again = { consumer: 'chat.orders', message: JSON.parse(JSON.stringify(message)), again: true };
      expect(await app.rpc.call(redeliver('chat'), again, systemContext())).toEqual({ outcome: 'consumed' });
      expect(await rows()).toEqual(before);
    });

    it('lets the owner write before the event has arrived, and keeps that room when it does', async () => {
      const order = app.orders.add();
      const owner = as('user', order.userId);
      expect(await send(order.id, owner)).toMatchObject({ seq: 1, senderId: order.userId });
      await app.spy.waitFor(await app.announce(order), 'consumed');
      expect(await roomOf(order.id, owner)).toMatchObject({ orderNumber: order.number, lastSeq: 1 });
    });
  });

  describe('who may be in them', () => {
    it('is there for nobody but the owner and staff', async () => {
      const [{ id: made }, { id: unmade }] = [await app.givenRoom(), app.orders.add()];
      for (const ctx of [as('user'), { ...systemContext(), actor: GUEST }])
        for (const orderId of [made, unmade, newId()])
          for (const attempt of [
            () => roomOf(orderId, ctx),
            () => app.rpc.call(EnterRoom, { orderId }, ctx),
            () => list(orderId, ctx),
            () => send(orderId, ctx),
            () => app.rpc.call(MarkRead, { orderId, seq: 1 }, ctx),
            () => app.rpc.call(GetTranscript, { orderId }, ctx),
          ])
            await expect(attempt()).rejects.toMatchObject(NOT_FOUND);
      await expect(app.rpc.call(ListRooms, { page: 1, limit: 20 }, as('user'))).rejects.toMatchObject({
        code: 'FORBIDDEN',
      });
      expect(await seqs(made)).toEqual([]);
    });

    it('lets the owner and every admin in', async () => {
      const { id, userId } = await app.givenRoom();
      for (const ctx of [as('user', userId), as('admin'), as('admin')]) {
        expect(await app.rpc.call(EnterRoom, { orderId: id }, ctx)).toMatchObject({
          orderId: id,
          closed: false,
        });
        expect(await send(id, ctx)).toMatchObject({ senderId: ctx.actor.id, senderRole: ctx.actor.role });
      }
    });
  });

  describe('messages', () => {
    it.each([
      '<script>alert(1)</script>',
      'javascript:alert(1)',
      '\u202Egnp.exe',
      `e${'\u0301'.repeat(3000)}`,
      "'; DROP TABLE chat.message; --",
      ' \n\t',
      '😀',
    ])('keeps %j exactly as it was sent', async (content) => {
      const { id, userId } = await app.givenRoom();
      await send(id, as('user', userId), content);
      expect((await list(id, as('admin'))).messages[0]?.content).toBe(content);
      expect((await app.eventsOf(id))[0]?.data).toMatchObject({ message: { content }, ownerId: userId });
    });

    it('refuses what cannot be kept, and who somebody claims to be', async () => {
      const { id, userId } = await app.givenRoom();
      const unchecked = { ...SendMessage, input: z.record(z.string(), z.unknown()) };
      const base = { orderId: id, content: 'x' };
      const wrong = ['', 'x'.repeat(4001), '\u0000', '\uD800'].map((content) => ({ ...base, content }));
      const spoofed = [{ senderId: newId() }, { senderRole: 'admin' }, { seq: 7 }];
      const sending = (input: object) => app.rpc.call(unchecked, { ...input }, as('user', userId));
      for (const input of wrong)
        await expect(sending(input)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
      // The door refuses them as unknown; who gets past it can only be of another version.
      for (const spoof of spoofed)
        await expect(sending({ ...base, ...spoof })).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      expect((await list(id, as('admin'))).messages).toEqual([]);
    });

    it('stores a message once that is sent 10 times at the same moment', async () => {
      const { id, userId } = await app.givenRoom();
      const owner = as('user', userId);
      const sent = await Promise.all(Array.from({ length: 10 }, () => send(id, owner, 'Once', 'client-1')));
      expect(new Set(sent.map((message) => message.id)).size).toBe(1);
      expect(await send(id, owner, 'Once', 'client-1')).toEqual(sent[0]);
      expect(await send(id, as('admin'), 'Mine', 'client-1')).toMatchObject({ seq: 2, content: 'Mine' });
      expect(await seqs(id)).toEqual([1, 2]);
      expect((await app.eventsOf(id)).map(({ version }) => version)).toEqual([1, 2]);
    });

    it('answers a repeated request alike, and refuses another one under its key', async () => {
      const { id, userId } = await app.givenRoom();
      const owner = { ...as('user', userId), idempotencyKey: 'key-1' };
      const sent = await Promise.all(Array.from({ length: 5 }, () => send(id, owner)));
      expect(new Set(sent.map((message) => message.id)).size).toBe(1);
      await expect(send(id, owner, 'Another')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    });

    it('numbers without gaps what 50 people send at once, and tells of each in that order', async () => {
      const { id, userId } = await app.givenRoom();
      const senders = Array.from({ length: 50 }, (_, at) =>
        at % 2 === 0 ? as('user', userId) : as('admin'),
      );
      await Promise.all(senders.map((ctx, at) => send(id, ctx, `no. ${at}`, `c-${at % 5 === 0 ? 0 : at}`)));
      const { messages, lastSeq } = await list(id, as('admin'), { limit: 100 });
      expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, at) => at + 1));
      expect(lastSeq).toBe(messages.length);
      const events = await app.eventsOf(id);
      expect(events.map(({ version }) => version)).toEqual(messages.map((_, at) => at + 1));
      expect(events.map(({ data }) => (data['message'] as { seq: number }).seq)).toEqual(
        messages.map(({ seq }) => seq),
      );
      const times = messages.map(({ createdAt }) => createdAt.getTime());
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it('gives what came after a number, and what came before one', async () => {
      const { id, userId } = await app.givenRoom();
      for (let at = 0; at < 7; at += 1) await send(id, as('user', userId));
      expect(await seqs(id, { limit: 3 })).toEqual([1, 2, 3]);
      expect(await seqs(id, { after: 3, limit: 3 })).toEqual([4, 5, 6]);
      expect(await seqs(id, { after: 7 })).toEqual([]);
      expect(await seqs(id, { before: 6, limit: 3 })).toEqual([3, 4, 5]);
      expect(await seqs(id, { after: 1, before: 6, limit: 2 })).toEqual([2, 3]);
    });

    it.each([
      [{}, 7],
      [{ after: 3 }, 4],
      [{ before: 6, limit: 2 }, 5],
      [{ after: 1, before: 6 }, 4],
      [{ after: 7 }, 0],
      [{ after: 99 }, 0],
      [{ before: 0 }, 0],
      [{ before: 99 }, 7],
      [{ after: 5, before: 3 }, 0],
    ])('counts what is between after and before: %j', async (span, total) => {
      const { id, userId } = await app.givenRoom();
      for (let at = 0; at < 7; at += 1) await send(id, as('user', userId));
      expect(await list(id, as('admin'), span)).toMatchObject({ total, lastSeq: 7 });
    });
  });

  describe('read marks', () => {
    const read = (orderId: string, seq: number, ctx: MessageContext) =>
      app.rpc.call(MarkRead, { orderId, seq }, ctx);
    const marks = async (orderId: string) =>
      (await app.eventsOf(orderId)).filter(({ type }) => type === 'chat.read').map(({ data }) => data['seq']);

    it('move forward only, at most to the last message, and tell of it only then', async () => {
      const { id, userId } = await app.givenRoom();
      const [owner, admin] = [as('user', userId), as('admin')];
      for (let at = 0; at < 3; at += 1) await send(id, owner);
      expect(await roomOf(id, admin)).toMatchObject({ lastSeq: 3, unread: 3 });
      expect(await read(id, 2, admin)).toEqual({ orderId: id, seq: 2, unread: 1 });
      expect(await read(id, 1, admin)).toEqual({ orderId: id, seq: 2, unread: 1 });
      expect(await read(id, 99, admin)).toEqual({ orderId: id, seq: 3, unread: 0 });
      expect(await read(id, 99, admin)).toEqual({ orderId: id, seq: 3, unread: 0 });
      expect(await marks(id)).toEqual([2, 3]);
    });

    it('move along with what one sends oneself', async () => {
      const { id, userId } = await app.givenRoom();
      await send(id, as('admin'));
      await send(id, as('user', userId));
      expect(await roomOf(id, as('user', userId))).toMatchObject({ lastSeq: 2, unread: 0 });
      expect(await marks(id)).toEqual([]);
    });

    it('leave no gap in what is told, whoever reads and writes at once', async () => {
      const { id, userId } = await app.givenRoom();
      const owner = as('user', userId);
      await send(id, owner);
      const admin = as('admin');
      await Promise.all(
        Array.from({ length: 10 }, () => [send(id, owner), read(id, 5, admin), read(id, 9, owner)]).flat(),
      );
      const events = await app.eventsOf(id);
      expect(events.map(({ version }) => version)).toEqual(events.map((_, at) => at + 1));
    });
  });

  it('shows staff what they have not read first, then the latest', async () => {
    const admin = as('admin');
    const [older, newer, silent] = [await app.givenRoom(), await app.givenRoom(), await app.givenRoom()];
    for (const { id, userId } of [older, newer]) await send(id, as('user', userId));
    await app.rpc.call(MarkRead, { orderId: newer.id, seq: 1 }, admin);
    const { items, total } = await app.rpc.call(ListRooms, { page: 1, limit: 100, open: true }, admin);
    const at = (orderId: string) => items.findIndex((room) => room.orderId === orderId);
    expect(total).toBe(items.length);
    expect(items[at(older.id)]).toMatchObject({ unread: 1, closed: false });
    expect(at(older.id)).toBeLessThan(at(newer.id));
    expect(at(newer.id)).toBeLessThan(at(silent.id));
    await app.db.execute(sql`
      UPDATE chat.room SET closed_at = now(), summary = 'Done' WHERE order_id = ${silent.id}`);
    const idsOf = async (open: boolean) =>
      (await app.rpc.call(ListRooms, { page: 1, limit: 100, open }, admin)).items.map((room) => room.orderId);
    expect(await idsOf(true)).not.toContain(silent.id);
    expect(await idsOf(false)).toEqual([silent.id]);
  });

  it('gives the whole conversation as text', async () => {
    const { id, userId, number } = await app.givenRoom();
    await send(id, as('user', userId), 'Hello');
    await send(id, as('admin'), 'Good day');
    const { text } = await app.rpc.call(GetTranscript, { orderId: id }, as('user', userId));
    expect(text).toMatch(
      new RegExp(`^Order ${number}\n\n\\[.+\\] Customer: Hello\n\\[.+\\] Staff: Good day\n$`),
    );
  });

  it('gives the end of a conversation that nobody reads as a whole, and says so', async () => {
    const { id, userId } = await app.givenRoom();
    const owner = as('user', userId);
    await app.db.execute(sql`
      INSERT INTO chat.message (id, order_id, seq, sender_id, sender_role, content)
      SELECT gen_random_uuid(), ${id}::uuid, seq, ${userId}::uuid, 'user', repeat(chr(1), 4000)
      FROM generate_series(1, 5000) seq`);
    await app.db.execute(sql`UPDATE chat.room SET last_seq = 5000 WHERE order_id = ${id}`);
    await send(id, owner, 'the last one');
    const { text } = await app.rpc.call(GetTranscript, { orderId: id }, owner);
    const [, , note, first, ...rest] = text.split('\n');
    const given = rest.length;
    expect(note).toBe(`(${5001 - given} messages before these are left out.)`);
    expect(first).toMatch(/^\[.+\] Customer: /);
    expect(rest.at(-2)).toMatch(/the last one$/);
    expect(given).toBeGreaterThan(400);
    expect(Buffer.byteLength(text)).toBeLessThan(2_100_000);
  });
});
