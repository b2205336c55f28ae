import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MessageContext } from '@order-system/messaging/context';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { aGuest, aUser, startBaskets } from './basket.fixture.js';
import { MOST_LINES } from './basket.rules.js';
import { PruneBaskets } from './prune-baskets.job.js';

describe('baskets', () => {
  let shop: Awaited<ReturnType<typeof startBaskets>>;
  beforeAll(async () => void (shop = await startBaskets()));
  afterAll(() => shop.stop());

  const open = (ctx: MessageContext) => shop.baskets.create({}, ctx);
  const add = (id: string, productId: string, quantity: number, ctx: MessageContext) =>
    shop.baskets.addItem({ id, productId, quantity }, ctx);
  const quantities = ({ items }: { items: { quantity: number }[] }) => items.map((item) => item.quantity);

  describe('whose they are', () => {
    it('gives a customer one open basket, however often it is asked for at once', async () => {
      const ctx = aUser();
      const made = await Promise.all(Array.from({ length: 20 }, () => open(ctx)));
      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
      const { id, ...rest } = await shop.baskets.own({}, ctx);
      expect(id).toBe(made[0]!.id);
      expect(rest).toEqual({ userId: ctx.actor.id, items: [], subtotal: 0, currency: 'USD' });
    });

    it('gives every guest one of their own, known by its id', async () => {
      const [first, second] = [await open(aGuest()), await open(aGuest())];
      expect(first.id).not.toBe(second.id);
      expect(await shop.baskets.get({ id: first.id }, aGuest())).toMatchObject({
        id: first.id,
        userId: null,
      });
    });

    it('opens one for a guest who asks again under one key, and empty it is in every answer', async () => {
      const ctx = { ...aGuest(), idempotencyKey: `basket-${randomUUID()}` };
      const answers = await Promise.all(Array.from({ length: 20 }, () => open(ctx)));
      const [first] = answers;
      await add(first!.id, shop.catalogue.add().id, 1, aGuest());
      for (const answer of [...answers, await open(ctx)]) expect(answer).toEqual(first);
      expect((await open({ ...ctx, idempotencyKey: randomUUID() })).id).not.toBe(first!.id);
    });

    it('gives no guest the basket of another who thought of the same key', async () => {
      const ctx = { ...aGuest(), idempotencyKey: 'create-the-basket-of-the-customer-1' };
      expect((await open(ctx)).id).not.toBe((await open(ctx)).id);
    });

    it('keeps a customer’s basket from everybody else, admins too', async () => {
      const { id } = await open(aUser());
      const { id: productId } = shop.catalogue.add();
      const admin: MessageContext = { ...aUser(), actor: { id: newId(), role: 'admin' } };
      for (const ctx of [aGuest(), aUser(), admin])
        for (const attempt of [
          () => shop.baskets.get({ id }, ctx),
          () => shop.baskets.lines({ id }, ctx),
          () => add(id, productId, 1, ctx),
          () => shop.baskets.setItem({ id, productId, quantity: 1 }, ctx),
          () => shop.baskets.removeItem({ id, productId }, ctx),
          () => shop.baskets.clear({ id }, ctx),
        ])
          await expect(attempt()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  describe('what is in them', () => {
    it('adds to a line that is there, also from many tabs at once', async () => {
      const { id: productId } = shop.catalogue.add({ stock: 100, price: 1999 });
      const { id } = await open(aGuest());
      await Promise.all(Array.from({ length: 20 }, () => add(id, productId, 2, aGuest())));
      const basket = await shop.baskets.get({ id }, aGuest());
      expect(basket).toMatchObject({ items: [{ productId, quantity: 40, total: 79_960 }], subtotal: 79_960 });
      expect(await shop.baskets.lines({ id }, aGuest())).toEqual({ lines: [{ productId, quantity: 40 }] });
    });

    it('asks the catalogue once for adding', async () => {
      const { id } = await open(aGuest());
      const before = shop.catalogue.calls;
      await add(id, shop.catalogue.add().id, 1, aGuest());
      await add(id, shop.catalogue.add().id, 1, aGuest());
      expect(shop.catalogue.calls - before).toBe(2);
    });

    it('never takes more than there is', async () => {
      const { id: productId } = shop.catalogue.add({ stock: 10 });
      const { id } = await open(aGuest());
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, () => add(id, productId, 3, aGuest())),
      );
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      await expect(add(id, productId, 2, aGuest())).rejects.toMatchObject({
        code: 'OUT_OF_STOCK',
        facts: { available: [{ productId, requested: 11, available: 10 }] },
      });
      await expect(shop.baskets.setItem({ id, productId, quantity: 11 }, aGuest())).rejects.toMatchObject({
        code: 'OUT_OF_STOCK',
      });
      await expect(add(id, shop.catalogue.add({ stock: 0 }).id, 1, aGuest())).rejects.toMatchObject({
        code: 'OUT_OF_STOCK',
      });
    });

    it('takes only products that are sold', async () => {
      const { id } = await open(aGuest());
      for (const productId of [newId(), shop.catalogue.add({ status: 'ARCHIVED' }).id])
        await expect(add(id, productId, 1, aGuest())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('sets, removes and clears lines, and keeps their order', async () => {
      const ctx = aUser();
      const { id } = await open(ctx);
      const products = [shop.catalogue.add(), shop.catalogue.add(), shop.catalogue.add()];
      for (const product of products) await add(id, product.id, 1, ctx);
      const [first, second, third] = products.map((product) => product.id) as [string, string, string];
      const ids = (basket: { items: { productId: string }[] }) => basket.items.map((item) => item.productId);
      const set = await shop.baskets.setItem({ id, productId: first, quantity: 5 }, ctx);
      expect(ids(set)).toEqual([first, second, third]);
      expect(quantities(set)).toEqual([5, 1, 1]);
      expect(ids(await shop.baskets.removeItem({ id, productId: second }, ctx))).toEqual([first, third]);
      const calls = [
        shop.baskets.removeItem({ id, productId: second }, ctx),
        shop.baskets.setItem({ id, productId: second, quantity: 1 }, ctx),
      ];
      await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: 'NOT_FOUND' })));
      expect(await shop.baskets.clear({ id }, ctx)).toMatchObject({ items: [], subtotal: 0 });
      expect(await shop.baskets.clear({ id }, ctx)).toMatchObject({ items: [] });
    });

    it('holds at most 100 products, also when many are added at once', async () => {
      const { id } = await open(aGuest());
      for (let index = 0; index < MOST_LINES - 10; index += 1)
        await add(id, shop.catalogue.add().id, 1, aGuest());
      const attempts = await Promise.allSettled(
        Array.from({ length: 15 }, () => add(id, shop.catalogue.add().id, 1, aGuest())),
      );
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      const { lines } = await shop.baskets.lines({ id }, aGuest());
      expect(lines).toHaveLength(MOST_LINES);
      // A product that is there still fits.
      await add(id, lines[0]!.productId, 1, aGuest());
    });

    it('adds once under one key', async () => {
      const ctx = { ...aUser(), idempotencyKey: 'tap-1' };
      const { id } = await open(ctx);
      const { id: productId } = shop.catalogue.add();
      const answers = await Promise.all([1, 2, 3].map(() => add(id, productId, 2, ctx)));
      expect(answers.map(quantities)).toEqual([[2], [2], [2]]);
      await expect(add(id, productId, 3, ctx)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    });

    it('adds once under one key of a guest, which is for that basket alone', async () => {
      const ctx = { ...aGuest(), idempotencyKey: 'tap-1' };
      const [{ id }, other] = [await open(ctx), await open(ctx)];
      const { id: productId } = shop.catalogue.add();
      const answers = await Promise.all([1, 2, 3].map(() => add(id, productId, 2, ctx)));
      expect(answers.map(quantities)).toEqual([[2], [2], [2]]);
      await expect(add(id, productId, 3, ctx)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
      expect(quantities(await add(other.id, productId, 3, ctx))).toEqual([3]);
    });
  });

  describe('merging', () => {
    const givenBasket = async (ctx: MessageContext, items: [string, number][]) => {
      const { id } = await open(ctx);
      for (const [productId, quantity] of items) await add(id, productId, quantity, ctx);
      return id;
    };

    it('adds quantities up, once, and ends the guest’s basket', async () => {
      const ctx = aUser();
      const [a, b] = [shop.catalogue.add().id, shop.catalogue.add().id];
      const id = await givenBasket(ctx, [[a, 1]]);
      const fromBasketId = await givenBasket(aGuest(), [
        [b, 2],
        [a, 3],
      ]);
      const merges = await Promise.all([1, 2, 3].map(() => shop.baskets.merge({ id, fromBasketId }, ctx)));
      for (const merged of merges)
        expect(Object.fromEntries(merged.items.map((item) => [item.productId, item.quantity]))).toEqual({
          [a]: 4,
          [b]: 2,
        });
      await expect(shop.baskets.get({ id: fromBasketId }, aGuest())).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(add(fromBasketId, a, 1, aGuest())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('takes no basket of somebody else, neither open nor merged', async () => {
      const [owner, stranger] = [aUser(), aUser()];
      const theirs = (await open(owner)).id;
      const merged = (await open(aGuest())).id;
      await shop.baskets.merge({ id: theirs, fromBasketId: merged }, owner);
      const own = (await open(stranger)).id;
      for (const [id, fromBasketId] of [
        [own, theirs],
        [own, merged],
        [own, newId()],
        [theirs, own],
        [(await open(aGuest())).id, (await open(aGuest())).id],
      ] as const)
        await expect(shop.baskets.merge({ id, fromBasketId }, stranger)).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
    });

    it('is done once under one key, which is for no other basket', async () => {
      const ctx = { ...aUser(), idempotencyKey: 'merge-1' };
      const { id: productId } = shop.catalogue.add();
      const { id } = await open(ctx);
      const fromBasketId = await givenBasket(aGuest(), [[productId, 2]]);
      const merge = (from: string) => shop.baskets.merge({ id, fromBasketId: from }, ctx);
      const first = await merge(fromBasketId);
      expect(quantities(first)).toEqual([2]);
      await shop.baskets.clear({ id }, ctx);
      expect(await merge(fromBasketId)).toEqual(first);
      await expect(merge((await open(aGuest())).id)).rejects.toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
    });

    it('is refused when one basket cannot hold the products of both, and changes nothing', async () => {
      const ctx = aUser();
      const { id } = await open(ctx);
      const fromBasketId = await givenBasket(aGuest(), [[shop.catalogue.add().id, 1]]);
      await shop.db.execute(sql`
        INSERT INTO basket.basket_item (basket_id, product_id, quantity)
        SELECT ${id}::uuid, gen_random_uuid(), 1 FROM generate_series(1, ${MOST_LINES}::int)`);
      await expect(shop.baskets.merge({ id, fromBasketId }, ctx)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        facts: { errors: [{ path: 'fromBasketId' }] },
      });
      expect((await shop.baskets.lines({ id: fromBasketId }, aGuest())).lines).toHaveLength(1);
    });

    it('on signing in is done by one call, and again changes nothing', async () => {
      const [ctx, guests] = [aUser(), await open(aGuest())];
      await add(guests.id, shop.catalogue.add().id, 3, aGuest());
      for (const basketId of [guests.id, guests.id, newId(), (await open(aUser())).id])
        expect(await shop.baskets.takeGuest({ basketId }, ctx)).toEqual({});
      expect(quantities(await shop.baskets.own({}, ctx))).toEqual([3]);
      await expect(shop.baskets.takeGuest({ basketId: guests.id }, aGuest())).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    });

    it('is refused when a line cannot hold both, and on signing in leaves out what it cannot', async () => {
      const ctx = aUser();
      const plenty = shop.catalogue.add({ stock: 20_000 }).id;
      const id = await givenBasket(ctx, [[plenty, 9000]]);
      const fromBasketId = await givenBasket(aGuest(), [
        [plenty, 9000],
        [shop.catalogue.add().id, 1],
      ]);
      await expect(shop.baskets.merge({ id, fromBasketId }, ctx)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        facts: { errors: [{ path: 'fromBasketId', message: expect.stringContaining(plenty) }] },
      });
      expect(quantities(await shop.baskets.get({ id: fromBasketId }, aGuest()))).toEqual([9000, 1]);
      await shop.baskets.takeGuest({ basketId: fromBasketId }, ctx);
      expect(quantities(await shop.baskets.own({}, ctx))).toEqual([10_000, 1]);
    });
  });

  it('drops what guests have not used for 30 days, and nothing else', async () => {
    const [old, recent, own] = [await open(aGuest()), await open(aGuest()), await open(aUser())];
    await add(old.id, shop.catalogue.add().id, 1, aGuest());
    await shop.db.execute(
      sql`UPDATE basket.basket SET used_at = now() - interval '31 days' WHERE id = ANY(${[old.id, own.id]}::uuid[])`,
    );
    await new PruneBaskets(shop.db).run();
    const left = await shop.db.query<{ id: string }>(
      sql`SELECT id FROM basket.basket WHERE id = ANY(${[old.id, recent.id, own.id]}::uuid[]) ORDER BY id`,
    );
    expect(left.map(({ id }) => id)).toEqual([recent.id, own.id].sort());
  });

  it('keeps a guest’s basket that is used again', async () => {
    const { id: productId } = shop.catalogue.add();
    const uses = [
      (id: string) => add(id, productId, 1, aGuest()),
      (id: string) => shop.baskets.setItem({ id, productId, quantity: 2 }, aGuest()),
      (id: string) => shop.baskets.removeItem({ id, productId }, aGuest()),
    ];
    for (const use of uses) {
      const { id } = await open(aGuest());
      await add(id, productId, 1, aGuest());
      await shop.db.execute(
        sql`UPDATE basket.basket SET used_at = now() - interval '31 days' WHERE id = ${id}`,
      );
      await use(id);
      await new PruneBaskets(shop.db).run();
      await expect(shop.baskets.get({ id }, aGuest())).resolves.toMatchObject({ id });
    }
  });
});
