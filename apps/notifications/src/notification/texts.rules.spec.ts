import { expect, it } from '@jest/globals';
import { OrderStatus } from '@order-system/contracts/orders.contracts';
import {
  newMessage,
  orderMoved,
  orderPlaced,
  paymentDue,
  paymentFailed,
  paymentRefunded,
  paymentSucceeded,
  roomClosed,
} from './texts.rules.js';

const order = {
  orderId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b',
  number: 1001,
  userId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0c',
  kind: 'CATALOG',
  status: 'PENDING',
  previousStatus: null,
  paymentStatus: 'PENDING',
  total: 1999,
  currency: 'USD',
} as const;
const payment = {
  paymentId: order.orderId,
  orderId: order.orderId,
  userId: order.userId,
  provider: 'SANDBOX',
  amount: 1999,
  currency: 'USD',
} as const;

it('says what an order costs and until when, or that it will be looked at', () => {
  const placed = { ...order, payBefore: new Date('2026-01-31T09:30:00Z'), createdAt: new Date(0) };
  expect(orderPlaced(placed)).toEqual({
    title: 'Order 1001 received',
    body: [
      'Thank you for your order.',
      'The total is $19.99. The order goes on as soon as it is paid.',
      'Please pay before 2026-01-31 09:30 UTC.',
    ].join('\n'),
  });
  expect(orderPlaced({ ...placed, status: 'REVIEW', payBefore: null }).body).toBe(
    'Thank you for your order.\nWe will look at it and agree with you on the details in its room.',
  );
});

it('has words for every status', () => {
  for (const status of OrderStatus.options)
    expect(orderMoved({ ...order, status }).title).toMatch(/^Order 1001 (is|was) /);
  expect(orderMoved({ ...order, status: 'SHIPPED', carrier: 'Post', trackingNumber: 'T1' }).body).toBe(
    'Order 1001 is on its way.\nCarrier: Post\nTracking number: T1',
  );
  expect(orderMoved({ ...order, status: 'SHIPPED' }).body).toBe('Order 1001 is on its way.');
  expect(orderMoved({ ...order, status: 'CANCELLED', reason: 'not paid in time' }).body).toContain(
    'Reason: not paid in time',
  );
});

it('gives no reason for what a payment or a closed room has moved: another message tells of that', () => {
  expect(orderMoved({ ...order, status: 'PROCESSING', reason: 'Oak, 120 x 60 cm' }).body).toBe(
    'Order 1001 is being prepared.',
  );
  expect(orderMoved({ ...order, status: 'REVIEW', reason: 'payment succeeded' }).body).toBe(
    'Order 1001 is being reviewed.',
  );
});

it('names amounts as people write them, and the order when it is known', () => {
  expect(paymentDue({ ...payment, link: 'https://pay.example/1' }, 1001).body).toBe(
    'Please pay $19.99 for order 1001.\nPay here: https://pay.example/1',
  );
  expect(paymentSucceeded(payment).title).toBe('Payment received for your order');
  expect(paymentFailed({ ...payment, message: 'Declined.' }, 1001).body).toContain(
    'did not succeed: Declined.',
  );
  const refund = { ...payment, refunded: 1999, captured: 1999, reason: null };
  expect(paymentRefunded(refund, 1001).body).toBe('$19.99 for order 1001 is on its way back to you.');
});

it('quotes a long message in part', () => expect(newMessage('x'.repeat(4000)).body).toHaveLength(1003));

it('never cuts a character in two', () => {
  const long = `${'x'.repeat(999)}${'😀'.repeat(10)}`;
  for (const { body } of [newMessage(long), roomClosed(long)]) {
    expect(body.isWellFormed()).toBe(true);
    expect(body).toMatch(/x😀\.\.\.$/u);
  }
});
