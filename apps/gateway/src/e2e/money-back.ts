import { eventually } from '@order-system/messaging/testing/eventually';
import { expect } from '@jest/globals';
import { type Client, guest, type Order, type Payment, type Placed, waitForOrder } from './client.js';

/**
 * Of an order that is cancelled while somebody pays: whatever the payment provider took has gone back in full, and
 * what it did not take it will not take any more. Answers whether money was taken.
 */
export async function expectMoneyBack(user: Client, placed: Placed): Promise<boolean> {
  const { order, payment, paymentUrl = '' } = placed;
  const taken = await eventually(async () => {
    const page = await guest().send('POST', paymentUrl, { body: { outcome: 'decline' } });
    const { status } = page.data<{ status: string }>();
    expect(['PAID', 'EXPIRED', 'DECLINED']).toContain(status);
    return status === 'PAID';
  });
  if (taken) await waitForOrder(user, order.id, { paymentStatus: 'REFUNDED' });
  await eventually(async () => {
    const after = await user.ask<Payment>('GET', `/payments/${payment?.id}`);
    const expected = taken
      ? { status: 'REFUNDED', refunded: after.amount }
      : { status: expect.stringMatching(/CANCELLED|FAILED/), refunded: 0 };
    expect(after).toMatchObject(expected);
  });
  expect(await user.ask<Order>('GET', `/orders/${order.id}`)).toMatchObject({ status: 'CANCELLED' });
  return taken;
}
