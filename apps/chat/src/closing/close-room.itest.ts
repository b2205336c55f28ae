import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CloseRoom, GetRoom, ListMessages, SendMessage } from '@order-system/contracts/chat.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { Order } from '@order-system/contracts/orders.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { eventually } from '@order-system/messaging/testing/eventually';
import { sql } from '@order-system/prisma/sql';
import { anOrder, as, startChat } from '../room/room.fixture.js';
import { insertClosing } from './closing.store.js';

const CLOSED = { code: 'ROOM_CLOSED' };
const summary = 'Agreed.';

describe('closing a room', () => {
  let app: Awaited<ReturnType<typeof startChat>>;
  beforeAll(async () => void (app = await startChat()));
  afterAll(() => app.stop());
  const applies = async (settle: () => Order) => settle();
  afterEach(() => void (app.orders.onSettle = applies));

  const close = (
    orderId: string,
    ctx: MessageContext = as('admin'),
    more: Partial<CallInput<typeof CloseRoom>> = {},
  ) => app.rpc.call(CloseRoom, { orderId, summary, ...more }, ctx);
  const send = (orderId: string, ctx = as('admin')) =>
    app.rpc.call(SendMessage, { orderId, content: 'Hello' }, ctx);
  const roomOf = (orderId: string) => app.rpc.call(GetRoom, { orderId }, as('admin'));
  const closingsOf = (orderId: string) =>
    app.db.query<{ id: string }>(sql`SELECT id FROM chat.closing WHERE order_id = ${orderId}`);
  const eventsOf = async (orderId: string) => (await app.eventsOf(orderId)).map(({ type }) => type);
  const settledOf = (orderId: string) => app.orders.settled.filter(({ id }) => id === orderId);
  /** What a process leaves behind that dies right after it has begun. */
  const givenClosing = async (orderId: string, ctx: MessageContext, quote?: number) => {
    const wanted = { orderId, summary, quote, by: ctx.actor.id ?? '', correlationId: ctx.correlationId };
    return app.db.inTx((tx) => insertClosing(tx, wanted));
  };
  const endLease = (orderId: string) =>
    app.db.execute(
      sql`UPDATE chat.closing SET claimed_until = now() - interval '1 second' WHERE order_id = ${orderId}`,
    );

  it('closes the room and settles the order, and history stays readable', async () => {
    const { id, userId } = await app.givenRoom();
    await send(id);
    const { room, order } = await close(id);
    expect(room).toMatchObject({
      orderId: id,
      closed: true,
      summary,
      lastSeq: 1,
      closedAt: expect.any(Date),
    });
    expect(order).toMatchObject({ id, status: 'PROCESSING' });
    expect(await roomOf(id)).toMatchObject({ closed: true, summary });
    await expect(send(id, as('user', userId))).rejects.toMatchObject(CLOSED);
    const { messages } = await app.rpc.call(ListMessages, { orderId: id, limit: 50 }, as('user', userId));
    expect(messages).toHaveLength(1);
    expect(await eventsOf(id)).toEqual(['chat.message.sent', 'chat.closed']);
    expect(await closingsOf(id)).toEqual([]);
  });

  it('is for staff only', async () => {
    const { id, userId } = await app.givenRoom();
    await expect(close(id, as('user', userId))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(close(as('user').actor.id ?? '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('closes a room whose event has not arrived yet', async () => {
    const { id } = app.orders.add();
    expect(await close(id)).toMatchObject({ room: { closed: true, lastSeq: 0 } });
  });

  it('happens once when admins close at the same moment', async () => {
    const { id } = await app.givenRoom();
    const admins = Array.from({ length: 8 }, () => as('admin'));
    const outcomes = await Promise.allSettled(
      admins.map((ctx, at) => close(id, ctx, { summary: `no. ${at}` })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(CLOSED);
    await expect(close(id)).rejects.toMatchObject(CLOSED);
    expect(settledOf(id)).toHaveLength(1);
    expect(await eventsOf(id)).toEqual(['chat.closed']);
  });

  it('lets nothing be written once it has begun', async () => {
    const { id, userId } = await app.givenRoom();
    const owner = as('user', userId);
    app.orders.onSettle = async (settle) => {
      await expect(send(id, owner)).rejects.toMatchObject(CLOSED);
      return settle();
    };
    const writing = Array.from({ length: 30 }, () => send(id, owner));
    const [{ room }, sent] = await Promise.all([close(id), Promise.allSettled(writing)]);
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(room.lastSeq);
    expect((await eventsOf(id)).at(-1)).toBe('chat.closed');
  });

  it('opens the room again when orders refuses', async () => {
    const { id } = await app.givenRoom({ status: 'CANCELLED' });
    const admin = { ...as('admin'), idempotencyKey: 'refused' };
    await expect(close(id, admin, { quote: 5000 })).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
      facts: { from: 'CANCELLED', possible: [] },
    });
    expect(await closingsOf(id)).toEqual([]);
    expect(await send(id)).toMatchObject({ seq: 1 });
    expect(await close(id, admin)).toMatchObject({ room: { closed: true }, order: { status: 'CANCELLED' } });
  });

  it.each(['before', 'after'])('is finished when orders fails %s it has settled', async (when) => {
    const { id } = await app.givenRoom();
    let calls = 0;
    app.orders.onSettle = async (settle) => {
      calls += 1;
      if (calls > 1) return settle();
      if (when === 'after') settle();
      throw new DomainError('SERVICE_UNAVAILABLE', 'lost on its way');
    };
    const admin = { ...as('admin'), idempotencyKey: `lost ${when}` };
    const asked = { quote: 5000, orderUpdatedAt: new Date() };
    await expect(close(id, admin, asked)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await eventually(async () => expect(await roomOf(id)).toMatchObject({ closed: true, summary }));
    expect(new Set(settledOf(id).map(({ closingId }) => closingId)).size).toBe(1);
    for (const settled of settledOf(id)) expect(settled).toMatchObject(asked);
    expect(await close(id, admin, asked)).toMatchObject({ room: { closed: true } });
    expect(await eventsOf(id)).toEqual(['chat.closed']);
  });

  it('is finished by another process when the first one dies, and told as done by who began it', async () => {
    const { id } = await app.givenRoom();
    const admin = as('admin');
    const closing = await givenClosing(id, admin);
    await expect(send(id)).rejects.toMatchObject(CLOSED);
    await expect(close(id, admin)).rejects.toMatchObject(CLOSED);
    await endLease(id);
    await eventually(async () => expect(await roomOf(id)).toMatchObject({ closed: true }));
    expect(settledOf(id)).toEqual([{ id, closingId: closing?.id, summary }]);
    const [told] = await app.db.query(sql`
      SELECT actor, correlation_id FROM events.event WHERE type = 'chat.closed' AND data ->> 'orderId' = ${id}`);
    expect(told).toEqual({
      actor: { id: admin.actor.id, role: 'admin' },
      correlation_id: admin.correlationId,
    });
  });

  it('that was refused when nobody waited leaves the room open', async () => {
    const { id } = await app.givenRoom({ status: 'CANCELLED' });
    await givenClosing(id, as('admin'), 5000);
    await endLease(id);
    await eventually(async () => expect(await closingsOf(id)).toEqual([]));
    expect(await send(id)).toMatchObject({ seq: 1 });
  });

  describe('under an Idempotency-Key', () => {
    it('answers the same again', async () => {
      const { id } = await app.givenRoom();
      const admin = { ...as('admin'), idempotencyKey: 'close-1' };
      const first = await close(id, admin);
      expect(await close(id, admin)).toEqual(first);
      await expect(close(id, admin, { summary: 'Another.' })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
      await expect(close(id, { ...admin, idempotencyKey: 'close-2' })).rejects.toMatchObject(CLOSED);
    });

    it('keeps nothing that the customer wrote, and answers what their order still has of it', async () => {
      const theirs = {
        description: 'An oak table',
        specifications: { wood: 'oak' },
        metadata: { gift: true },
        shippingAddress: '12 St James Square, London',
        notes: 'Ring twice',
      };
      const { id } = await app.givenRoom(theirs);
      const admin = { ...as('admin'), idempotencyKey: 'close-4' };
      const first = await close(id, admin);
      expect(first.order).toMatchObject(theirs);
      expect(await close(id, admin)).toEqual(first);
      const [kept] = await app.db.query<{ response: { order: object } }>(sql`
        SELECT response FROM events.idempotency_key WHERE key = 'close-4'`);
      expect(kept?.response.order).toMatchObject({ id, status: 'PROCESSING' });
      expect(Object.keys(theirs).filter((field) => field in kept!.response.order)).toEqual([]);
      app.orders.orders.set(id, anOrder({ id, status: 'COMPLETED' }));
      const { order } = await close(id, admin);
      expect(order).toEqual({
        ...first.order,
        ...Object.fromEntries(Object.keys(theirs).map((k) => [k, undefined])),
      });
    });

    it('answers what another process has finished', async () => {
      const { id } = await app.givenRoom();
      const admin = { ...as('admin'), idempotencyKey: 'close-3' };
      app.orders.onSettle = () => Promise.reject(new DomainError('SERVICE_UNAVAILABLE', 'away'));
      await expect(close(id, admin)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      app.orders.onSettle = applies;
      const answer = await eventually(async () => {
        await endLease(id);
        return close(id, admin);
      });
      expect(answer).toMatchObject({ room: { closed: true }, order: { status: 'PROCESSING' } });
      expect(await close(id, admin)).toEqual(answer);
      expect(await eventsOf(id)).toEqual(['chat.closed']);
    });
  });
});
