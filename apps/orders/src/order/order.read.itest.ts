import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallInput } from '@order-system/contracts/define';
import { setShopCurrency } from '@order-system/contracts/money';
import {
  CancelOrder,
  GetOrder,
  ListOrders,
  type Order,
  PlaceOrder,
  UpdateOrder,
} from '@order-system/contracts/orders.contracts';
import { GUEST } from '@order-system/contracts/primitives';
import type { MessageContext } from '@order-system/messaging/context';
import { orders } from '../orders.module.js';
import { sql } from '@order-system/prisma/sql';
import { someone, startOrders } from './order.fixture.js';

const user = someone('user');
const admin = someone('admin');
const UNAUTHENTICATED = { code: 'UNAUTHENTICATED' };

let shop: Awaited<ReturnType<typeof startOrders>>;
let order: Order;
beforeAll(async () => {
  shop = await startOrders();
  ({ order } = await shop.rpc.call(PlaceOrder, { description: 'A table', quantity: 1 }, user));
});
afterAll(() => shop.close());

const find = async (input: Partial<CallInput<typeof ListOrders>>, by: MessageContext = admin) =>
  (await shop.rpc.call(ListOrders, { page: 1, limit: 20, ...input }, by)).items.map(({ id }) => id);

describe('orders', () => {
  it('are found by their number, with or without its sign, in digits only', async () => {
    for (const search of [`${order.number}`, `#${order.number}`, ` ${order.number} `])
      expect(await find({ search })).toEqual([order.id]);
    for (const search of [`0x${order.number.toString(16)}`, `${order.number / 1000}e3`, `${order.number}.0`])
      expect(await find({ search })).toEqual([]);
  });

  it('are found in any time that can be written', async () => {
    const ever = { from: new Date('0001-01-01T00:00:00.000Z'), to: new Date('9999-12-31T23:59:59.999Z') };
    expect(await find(ever)).toEqual([order.id]);
    expect(await find({ to: ever.from })).toEqual([]);
  });

  it('are chosen by customer for staff only', async () => {
    const userId = order.userId;
    expect(await find({ userId })).toEqual([order.id]);
    await expect(find({ userId }, user)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(find({ userId: admin.actor.id! }, user)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await find({}, user)).toEqual([order.id]);
  });

  it('are found by state, by time, and by text in which % and _ are only letters, the newest first', async () => {
    const other = someone('user');
    const place = async (description: string) =>
      (await shop.rpc.call(PlaceOrder, { description, quantity: 1 }, other)).order;
    const [oak, ash] = [await place('A 100% oak_table'), await place('A 1000 year old ash')];
    await shop.rpc.call(CancelOrder, { id: ash.id }, other);
    expect(await find({}, other)).toEqual([ash.id, oak.id]);
    expect(await find({ limit: 1, page: 2 }, other)).toEqual([oak.id]);
    expect(await find({ status: 'CANCELLED' }, other)).toEqual([ash.id]);
    expect(await find({ status: 'REVIEW' }, other)).toEqual([oak.id]);
    expect(await find({ from: ash.createdAt }, other)).toEqual([ash.id]);
    expect(await find({ to: ash.createdAt }, other)).toEqual([oak.id]);
    for (const search of ['100%', 'OAK_', 'oak_table', 'table 100'])
      expect(await find({ search }, other)).toEqual([oak.id]);
    for (const search of ['1_0', 'oak ash']) expect(await find({ search }, other)).toEqual([]);
  });
});

describe('for a guest who got past the gateway an order', () => {
  const guest = { ...user, actor: GUEST };

  it('is not there to be read, alone or in a list', async () => {
    await expect(shop.rpc.call(GetOrder, { id: order.id }, guest)).rejects.toMatchObject(UNAUTHENTICATED);
    await expect(find({}, guest)).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it('is not there to be changed, and says nothing of its state', async () => {
    const { id } = order;
    await expect(shop.rpc.call(CancelOrder, { id }, guest)).rejects.toMatchObject(UNAUTHENTICATED);
    await expect(shop.rpc.call(UpdateOrder, { id, quantity: 3 }, guest)).rejects.toMatchObject(
      UNAUTHENTICATED,
    );
  });
});

describe('an order in review', () => {
  it('can be edited by its owner, what is not named stays, and the change is told', async () => {
    const asked = {
      description: 'A bench',
      specifications: { wood: 'oak' },
      quantity: 1,
      metadata: { for: 'two' },
    };
    const { id } = (await shop.rpc.call(PlaceOrder, asked, user)).order;
    const change = { specifications: { wood: 'ash' }, quantity: 2 };
    expect(await shop.rpc.call(UpdateOrder, { id, ...change }, user)).toMatchObject({ ...asked, ...change });
    expect(await shop.eventsOf(id)).toEqual(['order.created', 'order.updated']);
    const [told] = await shop.db.query(sql`
      SELECT data ->> 'reason' AS reason FROM events.event WHERE aggregate_id = ${id} AND aggregate_version = 2`);
    expect(told).toEqual({ reason: 'changed: specifications, quantity' });
    await expect(shop.rpc.call(UpdateOrder, { id, quantity: 3 }, admin)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

it('does not start under another currency than its amounts are in', async () => {
  const [Currency] = orders.startUp ?? [];
  const start = () => new Currency!(shop.db).run();
  setShopCurrency('JPY');
  await expect(start()).rejects.toThrow('CURRENCY must stay USD');
  setShopCurrency('USD');
  await start();
});
