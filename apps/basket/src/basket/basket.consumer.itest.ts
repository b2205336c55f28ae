import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UserDeleted, UserLoggedIn } from '@order-system/contracts/auth.contracts';
import type { EventContract, EventData } from '@order-system/contracts/define';
import { OrderCreated } from '@order-system/contracts/orders.contracts';
import { systemContext } from '@order-system/messaging/context';
import { deliver } from '@order-system/messaging/deliver';
import type { EventMessage } from '@order-system/messaging/events';
import { fact, toMessage } from '@order-system/messaging/outbox';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { basketOrders, basketUsers } from './basket.consumer.js';
import { aGuest, aUser, startBaskets } from './basket.fixture.js';

const message = <E extends EventContract>(contract: E, data: EventData<E>): EventMessage =>
  toMessage(systemContext(), fact(contract, { type: 'any', id: newId(), version: 1 }, data));

describe('a basket hears', () => {
  let shop: Awaited<ReturnType<typeof startBaskets>>;
  beforeAll(async () => void (shop = await startBaskets()));
  afterAll(() => shop.stop());

  async function givenBasket(ctx = aUser(), quantity = 1) {
    const { id: productId } = shop.catalogue.add();
    const { id } = await shop.baskets.create({}, ctx);
    await shop.baskets.addItem({ id, productId, quantity }, ctx);
    return { id, productId, ctx, userId: ctx.actor.id! };
  }
  /** Orders and lines take their times from the database; the test's own may be of the millisecond before. */
  async function orderOf(userId: string, basketId?: string): Promise<EventMessage> {
    const [row] = await shop.db.query<{ now: Date }>(sql`SELECT now()::timestamptz(3) AS now`);
    return message(OrderCreated, {
      orderId: newId(),
      number: 1001,
      userId,
      kind: 'CATALOG',
      status: 'PENDING',
      previousStatus: null,
      paymentStatus: 'PENDING',
      total: 1000,
      currency: 'USD',
      payBefore: null,
      createdAt: row!.now,
      basketId,
    });
  }
  const linesOf = async ({ id, ctx }: { id: string; ctx: ReturnType<typeof aUser> }) =>
    (await shop.baskets.lines({ id }, ctx)).lines;

  it('that what was taken out was ordered, and keeps what was added since', async () => {
    const basket = await givenBasket();
    const event = await orderOf(basket.userId, basket.id);
    const { orderId } = event.data as { orderId: string };
    await shop.baskets.checkOut({ id: basket.id, orderId }, basket.ctx);
    await shop.baskets.addItem({ id: basket.id, productId: basket.productId, quantity: 2 }, basket.ctx);
    expect(await deliver(shop.db, basketOrders, event)).toBe('consumed');
    expect(await linesOf(basket)).toMatchObject([{ quantity: 2 }]);
    await shop.baskets.giveBack({ orderId });
    expect(await linesOf(basket)).toMatchObject([{ quantity: 2 }]);
  });

  it('of an order that took nothing out, and removes what was there then: once', async () => {
    const basket = await givenBasket();
    const event = await orderOf(basket.userId, basket.id);
    expect(await deliver(shop.db, basketOrders, event)).toBe('consumed');
    expect(await linesOf(basket)).toEqual([]);
    await shop.baskets.addItem({ id: basket.id, productId: basket.productId, quantity: 2 }, basket.ctx);
    expect(await deliver(shop.db, basketOrders, event)).toBe('duplicate');
    expect(await linesOf(basket)).toHaveLength(1);
  });

  it('of no other order', async () => {
    const basket = await givenBasket();
    await deliver(shop.db, basketOrders, await orderOf(basket.userId));
    await deliver(shop.db, basketOrders, await orderOf(newId(), basket.id));
    expect(await linesOf(basket)).toHaveLength(1);
  });

  it('that its guest has signed in, and goes into the basket they have or get', async () => {
    const newcomer = aUser();
    const guests = await givenBasket(aGuest(), 3);
    const signIn = (userId: string, basketId: string) =>
      deliver(shop.db, basketUsers, message(UserLoggedIn, { userId, basketId }));
    await signIn(newcomer.actor.id!, guests.id);
    await signIn(newcomer.actor.id!, guests.id);
    expect((await shop.baskets.own({}, newcomer)).items).toMatchObject([{ quantity: 3 }]);
  });

  it('of no sign-in with a basket of somebody else, or of nobody', async () => {
    const theirs = await givenBasket();
    const userId = newId();
    for (const basketId of [theirs.id, newId()])
      expect(await deliver(shop.db, basketUsers, message(UserLoggedIn, { userId, basketId }))).toBe(
        'consumed',
      );
    expect(await linesOf(theirs)).toHaveLength(1);
    expect((await shop.baskets.own({}, aUser(userId))).items).toEqual([]);
  });

  it('that its owner is gone, and goes too', async () => {
    const basket = await givenBasket();
    const merged = await givenBasket(aGuest());
    await shop.baskets.merge({ id: basket.id, fromBasketId: merged.id }, basket.ctx);
    await deliver(shop.db, basketUsers, message(UserDeleted, { userId: basket.userId }));
    await expect(linesOf(basket)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const left = sql`SELECT FROM basket.basket WHERE user_id = ${basket.userId} OR id = ${merged.id}`;
    expect(await shop.db.query(left)).toEqual([]);
  });
});
