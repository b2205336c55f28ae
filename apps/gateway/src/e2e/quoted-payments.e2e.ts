import { beforeAll, describe, expect, it } from '@jest/globals';
import type { WireOutput } from '@order-system/contracts/define';
import type { ListNotifications } from '@order-system/contracts/notifications.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import {
  type Client,
  givenAdmin,
  givenUser,
  type Order,
  type Payment,
  type Placed,
  settle,
  times,
  waitFor,
  waitForOrder,
} from './client.js';
import { givenRoom } from './sockets.js';

type Notification = WireOutput<typeof ListNotifications>['items'][number];

let admin: Client;
let ada: Client;
beforeAll(async () => {
  [admin, ada] = await Promise.all([givenAdmin(), givenUser()]);
});

const quote = ({ id }: Order) =>
  eventually(() => admin.ask('PATCH', `/chat/${id}/close`, { summary: 'Oak', quote: 80 }));
const askForLink = ({ id }: Order) =>
  ada.ask<Placed>('POST', `/orders/${id}/payments`, { paymentMethod: 'SANDBOX' });
const mailedLinks = async ({ id }: Order): Promise<string[]> => {
  const told = await ada.ask<Notification[]>('GET', '/notifications?limit=100');
  return told
    .filter(({ kind, orderId }) => kind === 'PAYMENT_DUE' && orderId === id)
    .map(({ body }) => /https?:\S+/.exec(body)?.[0] ?? '');
};
const pays = async (order: Order, given: Placed) => {
  expect((await settle(given)).data()).toMatchObject({ status: 'PAID' });
  expect(await waitForOrder(ada, order.id, { paymentStatus: 'PAID' })).toMatchObject({
    payment: { id: given.payment?.id },
  });
};

describe('the customer of a quote', () => {
  it('who asks for a link at the moment when one is mailed is given one that can be paid', async () => {
    const pay = async () => {
      const order = await givenRoom(ada);
      await quote(order);
      const [given, same] = (await Promise.all([askForLink(order), askForLink(order)])) as [Placed, Placed];
      expect(given.payment).toMatchObject({ status: 'PENDING', amount: 80 });
      expect(same.paymentUrl).toBe(given.paymentUrl);
      await pays(order, given);
      for (const link of await mailedLinks(order)) expect(link).toBe(given.paymentUrl);
    };
    for (let round = 1; round <= 5; round += 1) await Promise.all(times(4, () => pay()));
  });

  it('who asks for a link after the mail is given the same one, and another after declining', async () => {
    const order = await givenRoom(ada);
    await quote(order);
    const [mailed] = await eventually(async () => {
      const links = await mailedLinks(order);
      expect(links).toHaveLength(1);
      return links;
    });
    const given = await askForLink(order);
    expect(given.paymentUrl).toBe(mailed);
    await settle(given, 'decline');
    const other = await askForLink(order);
    expect(other.paymentUrl).not.toBe(mailed);
    await waitFor<Payment>(ada, `/payments/${given.payment?.id}`, { status: 'FAILED' });
    await pays(order, other);
  });
});
