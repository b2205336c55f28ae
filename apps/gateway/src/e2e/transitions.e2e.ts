import { beforeAll, describe, expect, it } from '@jest/globals';
// The table itself is what is held against the running system.
// eslint-disable-next-line @nx/enforce-module-boundaries
import { possible, TRANSITIONS } from '@order-system/orders-app/order/order.rules';
import { OrderStatus } from '@order-system/contracts/orders.contracts';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenProduct,
  givenUser,
  type Order,
  type Placed,
} from './client.js';

let admin: Client;
let user: Client;
beforeAll(async () => {
  [admin, user] = await Promise.all([givenAdmin(), givenUser()]);
});

const ALL = OrderStatus.options;

/** How staff bring an order that they have agreed to into each state. */
const WAYS: Partial<Record<OrderStatus, OrderStatus[]>> = {
  PROCESSING: [],
  SHIPPED: ['SHIPPED'],
  COMPLETED: ['COMPLETED'],
  CANCELLED: ['CANCELLED'],
};

const setStatus = ({ id }: Order, status: OrderStatus) =>
  admin.send('PATCH', `/orders/${id}/status`, { body: { status } });

async function givenOrderIn(status: OrderStatus): Promise<Order> {
  if (status === 'PENDING') return (await givenOrder(user, await givenProduct(admin))).order;
  const { order } = await user.ask<Placed>('POST', '/orders', { description: 'A table', quantity: 1 });
  if (status !== 'REVIEW') await admin.ask('PATCH', `/chat/${order.id}/close`, { summary: 'agreed' });
  for (const step of WAYS[status] ?? []) expect((await setStatus(order, step)).status).toBe(200);
  return user.ask('GET', `/orders/${order.id}`);
}

const isForStaff = (from: OrderStatus, to: OrderStatus) => possible(from, ['admin']).includes(to);
const pairs = ALL.flatMap((from) => ALL.map((to) => ({ from, to })));

it('are all in the table', () => {
  expect(Object.keys(TRANSITIONS).sort()).toEqual([...ALL].sort());
});

describe('staff cannot move an order', () => {
  it.each(pairs.filter(({ from, to }) => !isForStaff(from, to)))(
    'from $from to $to',
    async ({ from, to }) => {
      const before = await givenOrderIn(from);
      const answer = await setStatus(before, to);
      expect(answer.outcome).toEqual([409, 'ILLEGAL_TRANSITION']);
      expect(answer.body()).toMatchObject({ from, to, possible: possible(from, ['admin']) });
      expect(answer.body()['detail']).toContain(from);
      expect(await user.ask('GET', `/orders/${before.id}`)).toEqual(before);
    },
  );
});

describe('staff can move an order', () => {
  it.each(pairs.filter(({ from, to }) => isForStaff(from, to)))('from $from to $to', async ({ from, to }) => {
    const before = await givenOrderIn(from);
    expect((await setStatus(before, to)).data()).toMatchObject({ status: to });
    const { history } = await user.ask<Order>('GET', `/orders/${before.id}`);
    expect(history).toHaveLength(before.history.length + 1);
    expect(history.at(-1)).toMatchObject({ from, to, by: admin.userId });
  });
});

describe('a customer', () => {
  it.each(ALL)('can cancel an order in %s only as the table says', async (from) => {
    const order = await givenOrderIn(from);
    const answer = await user.send('DELETE', `/orders/${order.id}`);
    if (possible(from, ['owner']).includes('CANCELLED')) expect(answer.status).toBe(200);
    else expect(answer.body()).toMatchObject({ code: 'ILLEGAL_TRANSITION', from, possible: [] });
  });

  it('can do no other move', async () => {
    const order = await givenOrderIn('PENDING');
    for (const status of ALL) {
      const answer = await user.send('PATCH', `/orders/${order.id}/status`, { body: { status } });
      expect(answer.outcome).toEqual([403, 'FORBIDDEN']);
    }
  });
});

it('one of two at the same time wins, the other is told', async () => {
  const order = await givenOrderIn('PROCESSING');
  const answers = await Promise.all([setStatus(order, 'SHIPPED'), setStatus(order, 'CANCELLED')]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect((await user.ask<Order>('GET', `/orders/${order.id}`)).history).toHaveLength(
    order.history.length + 1,
  );
});
