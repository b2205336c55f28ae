import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ArchiveProduct,
  CreateProduct,
  GetProduct,
  ListCategories,
  ListMovements,
  LookUpProducts,
  RestockProduct,
  SearchProducts,
  UpdateProduct,
} from '@order-system/contracts/catalog.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { setShopCurrency } from '@order-system/contracts/money';
import { GUEST } from '@order-system/contracts/primitives';
import { deadlineIn, type MessageContext, systemContext } from '@order-system/messaging/context';
import { localTransport } from '@order-system/messaging/transport';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { type Running, startService } from '@order-system/service-host/start-service';
import { catalog } from './catalog.module.js';
import { DEMO_PRODUCTS } from './demo/demo-products.js';
import { fillCatalogue } from './demo/fill-catalogue.js';
import { anAdmin, eventsOf, givenProduct, startCatalogDatabase } from './product/product.fixture.js';

describe('the catalogue', () => {
  let db: Database;
  let stop: () => Promise<void>;
  let service: Running;
  const { rpc, ...transport } = localTransport();
  const guest: MessageContext = { ...systemContext(), actor: GUEST };
  const admin = anAdmin();

  beforeAll(async () => {
    let url: string;
    ({ db, stop, url } = await startCatalogDatabase());
    service = await startService(catalog, {
      transport: { rpc, ...transport },
      database: { url, poolSize: 5 },
      ladder: [50],
      catchUpEveryMs: 60_000,
    });
  });
  afterAll(async () => {
    await service.close();
    await stop();
  });

  const ask = () => ({ ...guest, deadline: deadlineIn(5000) });
  const order = () => ({ ...admin, deadline: deadlineIn(5000) });
  const search = (input: Partial<CallInput<typeof SearchProducts>>) =>
    rpc.call(SearchProducts, { page: 1, limit: 20, sort: 'name', ...input }, ask());

  it('starts with demo products, put in once', async () => {
    const { categories } = await rpc.call(ListCategories, {}, ask());
    expect(categories).toHaveLength(5);
    expect(categories.reduce((sum, one) => sum + one.products, 0)).toBe(DEMO_PRODUCTS.length);
    const again = [1, 2, 3].map(() => db.inTx((tx) => fillCatalogue(tx, systemContext())));
    expect(await Promise.all(again)).toEqual([0, 0, 0]);
    const [pan] = (await search({ search: 'cast-iron' })).items;
    expect(pan).toMatchObject({ sku: 'KIT-PAN-28', price: 4995, currency: 'USD', stock: 40 });
    expect(await eventsOf(db, pan!.id)).toMatchObject([{ type: 'product.created', version: 1 }]);
  });

  it('finds by text as it is written, category, price and stock; sorts and pages', async () => {
    const category = 'Odd things';
    for (const [name, price, stock] of [
      ['100% wool_sock', 500, 0],
      ['1000 woolXsock', 700, 3],
      ['Wool hat \\o/', 900, 1],
    ] as const)
      await givenProduct(db, { name, price, stock, category });
    const names = async (input: Parameters<typeof search>[0]) =>
      (await search({ category, ...input })).items.map((item) => item.name);
    for (const search of ['100%', ' 100% wool_ ', 'WOOL_SOCK\t'])
      expect(await names({ search })).toEqual(['100% wool_sock']);
    const { sku } = (await search({ category, search: 'hat' })).items[0]!;
    expect(await names({ search: sku })).toEqual(['Wool hat \\o/']);
    expect(await names({ search: 'wool_' })).toEqual(['100% wool_sock']);
    expect(await names({ search: '\\O/' })).toEqual(['Wool hat \\o/']);
    expect(await names({ search: 'hat  WOOL' })).toEqual(['Wool hat \\o/']);
    expect(await names({ search: 'hat sock' })).toEqual([]);
    expect(await names({ sort: '-price', minPrice: 500, maxPrice: 700 })).toEqual([
      '1000 woolXsock',
      '100% wool_sock',
    ]);
    expect(await names({ inStock: false })).toEqual(['100% wool_sock']);
    expect(await names({ inStock: true, sort: 'price' })).toEqual(['1000 woolXsock', 'Wool hat \\o/']);
    expect(await search({ category, limit: 2, page: 2, sort: '-createdAt' })).toMatchObject({
      items: [{ name: '100% wool_sock' }],
      total: 3,
    });
  });

  it('sorts names as people do, whatever case and accents they have', async () => {
    const category = 'mixed up';
    const sorted = ['a la carte', 'apple pie', 'Banana', 'elan', 'Élan', 'Zebra'];
    for (const name of ['Zebra', 'elan', 'apple pie', 'Élan', 'Banana', 'a la carte'])
      await givenProduct(db, { name, category });
    await givenProduct(db, { category: 'Nowhere' });
    const names = async (input: Parameters<typeof search>[0]) =>
      (await search({ category, ...input })).items.map((item) => item.name);
    expect(await names({ sort: 'name' })).toEqual(sorted);
    expect(await names({ sort: '-name', limit: 3, page: 2 })).toEqual(sorted.slice(0, 3).reverse());
    expect(await names({ search: 'éLAN' })).toEqual(['Élan']);
    const { categories } = await rpc.call(ListCategories, {}, ask());
    const ours = categories.map(({ name }) => name).filter((name) => [category, 'Nowhere'].includes(name));
    expect(ours).toEqual([category, 'Nowhere']);
  });

  it('lets staff run it and nobody else', async () => {
    const product = {
      sku: `NEW-${newId()}`,
      name: ' New',
      description: '',
      price: 1,
      category: 'C ',
      imageUrl: null,
      stock: 2,
    };
    await expect(rpc.call(CreateProduct, product, ask())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const user = { ...order(), actor: { id: newId(), role: 'user' as const } };
    await expect(rpc.call(CreateProduct, product, user)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const { id } = await rpc.call(CreateProduct, product, order());
    await expect(rpc.call(CreateProduct, product, order())).rejects.toMatchObject({ code: 'SKU_TAKEN' });

    await rpc.call(UpdateProduct, { id, price: 1234, stock: 7 }, order());
    await rpc.call(RestockProduct, { id, quantity: 3, reason: 'delivery' }, order());
    expect(await rpc.call(GetProduct, { id: id.toUpperCase() }, ask())).toMatchObject({
      id,
      name: 'New',
      category: 'C',
      price: 1234,
      stock: 10,
    });
    await expect(rpc.call(ListMovements, { id, page: 1, limit: 20 }, user)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const { items, total } = await rpc.call(ListMovements, { id, page: 1, limit: 20 }, order());
    expect(total).toBe(3);
    expect(items).toMatchObject([
      { reason: 'RESTOCK', quantity: 3, onHand: 10, reserved: 0, note: 'delivery', by: admin.actor.id },
      { reason: 'ADJUSTMENT', quantity: 5, onHand: 7 },
      { reason: 'INITIAL', quantity: 2, onHand: 2 },
    ]);
    expect((await eventsOf(db, id)).map((event) => event.type)).toEqual([
      'product.created',
      'product.updated',
      'stock.restocked',
    ]);
  });

  it('restocks once under one key', async () => {
    const { id } = await givenProduct(db, { stock: 1 });
    const keyed = () => ({ ...order(), idempotencyKey: 'delivery-17' });
    const add = (quantity: number) => rpc.call(RestockProduct, { id, quantity }, keyed());
    const answers = await Promise.all([add(4), add(4), add(4)]);
    expect(answers.map((answer) => answer.stock)).toEqual([5, 5, 5]);
    await expect(add(5)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('makes a product once under one key, and answers alike', async () => {
    const input = {
      sku: newId(),
      name: 'A jug',
      description: '',
      price: 900,
      category: 'Kitchen',
      imageUrl: null,
      stock: 3,
    };
    const make = () => rpc.call(CreateProduct, input, { ...order(), idempotencyKey: input.sku });
    const first = await make();
    expect(await make()).toEqual(first);
  });

  it('counts every restock of many at once', async () => {
    const { id } = await givenProduct(db, { stock: 1 });
    await Promise.all([1, 2, 3, 4].map((quantity) => rpc.call(RestockProduct, { id, quantity }, order())));
    expect(await rpc.call(GetProduct, { id }, ask())).toMatchObject({ stock: 11 });
  });

  it('keeps archived products readable, unlisted, and restores them', async () => {
    const { id, name } = await givenProduct(db, { category: 'Attic' });
    await rpc.call(ArchiveProduct, { id }, order());
    expect(await search({ category: 'Attic' })).toEqual({ items: [], total: 0 });
    const { categories } = await rpc.call(ListCategories, {}, ask());
    expect(categories.map((category) => category.name)).not.toContain('Attic');
    expect(await rpc.call(GetProduct, { id }, ask())).toMatchObject({ name, status: 'ARCHIVED' });
    const { products } = await rpc.call(LookUpProducts, { ids: [id, newId()] }, ask());
    expect(products).toMatchObject([{ id }]);
    await rpc.call(UpdateProduct, { id, status: 'ACTIVE' }, order());
    expect(await search({ category: 'Attic' })).toMatchObject({ total: 1 });
  });

  it('answers many readers at once, each their own product', async () => {
    const products = await Promise.all(Array.from({ length: 20 }, () => givenProduct(db)));
    const wanted = [...products, ...products];
    const answers = await Promise.all(wanted.map(({ id }) => rpc.call(GetProduct, { id }, ask())));
    expect(answers.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
    await expect(rpc.call(GetProduct, { id: newId() }, ask())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('does not start under another currency than its amounts are in', async () => {
    const [Currency] = catalog.startUp ?? [];
    const start = () => new Currency!(db).run();
    setShopCurrency('JPY');
    await expect(start()).rejects.toThrow('CURRENCY must stay USD');
    setShopCurrency('USD');
    await start();
  });
});
