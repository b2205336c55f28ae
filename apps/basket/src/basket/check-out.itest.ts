import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MessageContext } from '@order-system/messaging/context';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { aGuest, aUser, startBaskets } from './basket.fixture.js';
import { GiveBackLapsed } from './give-back-lapsed.job.js';

describe('what is in a basket', () => {
  let shop: Awaited<ReturnType<typeof startBaskets>>;
  beforeAll(async () => void (shop = await startBaskets()));
  afterAll(() => shop.stop());

  async function givenBasket(ctx: MessageContext = aUser(), quantity = 2) {
    const { id: productId } = shop.catalogue.add();
    const { id } = await shop.baskets.create({}, ctx);
    await shop.baskets.addItem({ id, productId, quantity }, ctx);
    return { id, productId, ctx, line: { productId, quantity } };
  }
  type Given = Awaited<ReturnType<typeof givenBasket>>;
  const linesOf = async ({ id, ctx }: Given) => (await shop.baskets.lines({ id }, ctx)).lines;
  const checkOut = async ({ id, ctx }: Given, orderId: string) =>
    (await shop.baskets.checkOut({ id, orderId }, ctx)).lines;
  const takenBefore = (orderId: string, seconds: number) =>
    shop.db.execute(sql`
      UPDATE basket.checkout SET taken_at = now() - ${seconds} * interval '1 second' WHERE order_id = ${orderId}`);
  const place = (orderId: string) =>
    shop.db.execute(sql`
      INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
        correlation_id, occurred_at)
      VALUES (${newId()}, 'order.created', 1, 'order', ${orderId}, 1, '{}', '{}', 'c', now())`);

  it('becomes one order’s of ten at once', async () => {
    const basket = await givenBasket();
    const taken = await Promise.all(Array.from({ length: 10 }, () => checkOut(basket, newId())));
    expect(taken.filter((lines) => lines.length > 0)).toEqual([[basket.line]]);
    expect(await linesOf(basket)).toEqual([]);
  });

  it('is the same for an order that asks again, whatever was added since', async () => {
    const basket = await givenBasket();
    const orderId = newId();
    expect(await checkOut(basket, orderId)).toEqual([basket.line]);
    await shop.baskets.addItem({ id: basket.id, productId: basket.productId, quantity: 1 }, basket.ctx);
    expect(await checkOut(basket, orderId)).toEqual([basket.line]);
    expect(await linesOf(basket)).toMatchObject([{ quantity: 1 }]);
    await expect(checkOut({ ...basket, ctx: aUser() }, orderId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('comes back when the order is refused, once, beside what was added since', async () => {
    const basket = await givenBasket();
    const orderId = newId();
    await checkOut(basket, orderId);
    await shop.baskets.addItem({ id: basket.id, productId: basket.productId, quantity: 1 }, basket.ctx);
    await Promise.all([1, 2, 3].map(() => shop.baskets.giveBack({ orderId })));
    expect(await linesOf(basket)).toMatchObject([{ quantity: 3 }]);
    expect(await checkOut(basket, orderId)).toMatchObject([{ quantity: 3 }]);
  });

  it('comes back into the basket that its own was merged into', async () => {
    const user = aUser();
    const basket = await givenBasket(aGuest());
    const orderId = newId();
    await shop.baskets.checkOut({ id: basket.id, orderId }, user);
    const { id } = await shop.baskets.create({}, user);
    await shop.baskets.merge({ id, fromBasketId: basket.id }, user);
    await shop.baskets.giveBack({ orderId });
    expect((await shop.baskets.own({}, user)).items).toMatchObject([basket.line]);
  });

  it('comes back by itself when its order does not come to be, and only then', async () => {
    const [broken, placed, fresh] = [await givenBasket(), await givenBasket(), await givenBasket()];
    const orders = [newId(), newId(), newId()] as const;
    await checkOut(broken, orders[0]);
    await checkOut(placed, orders[1]);
    await checkOut(fresh, orders[2]);
    await takenBefore(orders[0], 125);
    await takenBefore(orders[1], 125);
    // Its order may still come to be.
    await takenBefore(orders[2], 115);
    await place(orders[1]);
    await new GiveBackLapsed(shop.db).run();
    expect(await linesOf(broken)).toEqual([broken.line]);
    expect(await linesOf(placed)).toEqual([]);
    expect(await linesOf(fresh)).toEqual([]);
    await shop.baskets.giveBack({ orderId: orders[1] });
    expect(await linesOf(placed)).toEqual([]);
  });

  it('is found by the id of the guest’s basket after signing in, by nobody else', async () => {
    const user = aUser();
    const guests = await givenBasket(aGuest());
    const { id } = await shop.baskets.create({}, user);
    await shop.baskets.merge({ id, fromBasketId: guests.id }, user);
    expect(await shop.baskets.get({ id: guests.id }, user)).toMatchObject({ id, items: [guests.line] });
    await shop.baskets.addItem({ id: guests.id, productId: guests.productId, quantity: 1 }, user);
    expect(await checkOut({ ...guests, ctx: user }, newId())).toMatchObject([{ quantity: 3 }]);
    for (const ctx of [aGuest(), aUser()])
      await expect(shop.baskets.get({ id: guests.id }, ctx)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
