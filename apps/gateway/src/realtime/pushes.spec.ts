import { expect, it } from '@jest/globals';
import { UserUpdated } from '@order-system/contracts/auth.contracts';
import { type EventContract, routingKey } from '@order-system/contracts/define';
import { OrderUpdated } from '@order-system/contracts/orders.contracts';
import { PaymentSucceeded } from '@order-system/contracts/payments.contracts';
import { SYSTEM } from '@order-system/contracts/primitives';
import type { EventMessage } from '@order-system/messaging/events';
import { REACTIONS } from './pushes.js';

const occurredAt = new Date('2026-05-01T12:00:00Z');

const reactionTo = ({ type, version }: EventContract, data: object) => {
  const event: EventMessage = {
    id: 'e',
    type,
    version,
    data,
    aggregate: { type: 'any', id: 'a', version: 2 },
    actor: SYSTEM,
    correlationId: 'c',
    causationId: null,
    occurredAt,
  };
  return REACTIONS.get(routingKey(event))?.(event);
};

it('nobody is told of success when the money goes back at once', () => {
  const payment = { orderId: 'o', userId: 'u', amount: 19.99 };
  const push = { name: 'paymentSuccess', payload: { orderId: 'o', amount: 19.99 } };
  expect(reactionTo(PaymentSucceeded, payment)).toMatchObject(push);
  expect(reactionTo(PaymentSucceeded, { ...payment, goesBack: true })).toBeUndefined();
});

it('an order is pushed with the time at which it changed, which events of older versions do not tell', () => {
  const order = { orderId: 'o', userId: 'u', status: 'PROCESSING', paymentStatus: 'PAID' };
  const updatedAt = '2026-05-01T11:59:59.999Z';
  expect(reactionTo(OrderUpdated, { ...order, updatedAt })).toMatchObject({ payload: { updatedAt } });
  expect(reactionTo(OrderUpdated, order)).toMatchObject({ payload: { updatedAt: occurredAt.toISOString() } });
});

it('who only changes their name stays connected; who gets another role comes back with it', () => {
  expect(reactionTo(UserUpdated, { userId: 'u', role: 'user', changed: ['name'] })).toBeUndefined();
  expect(reactionTo(UserUpdated, { userId: 'u', role: 'user', changed: ['role'] })).toEqual({
    cut: 'user',
    id: 'u',
  });
});
