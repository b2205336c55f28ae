import { expect, it } from '@jest/globals';
import { routingKey } from '@order-system/contracts/define';
import { PaymentSucceeded } from '@order-system/contracts/payments.contracts';
import { SYSTEM } from '@order-system/contracts/primitives';
import type { EventMessage } from '@order-system/messaging/events';
import { REACTIONS } from './pushes.js';

const pushOf = (data: object) => {
  const { type, version } = PaymentSucceeded;
  const event: EventMessage = {
    id: 'e',
    type,
    version,
    data,
    aggregate: { type: 'payment', id: 'p', version: 2 },
    actor: SYSTEM,
    correlationId: 'c',
    causationId: null,
    occurredAt: new Date(),
  };
  return REACTIONS.get(routingKey(event))?.(event);
};

it('nobody is told of success when the money goes back at once', () => {
  const payment = { orderId: 'o', userId: 'u', amount: 19.99 };
  expect(pushOf(payment)).toMatchObject({ name: 'paymentSuccess', payload: { orderId: 'o', amount: 19.99 } });
  expect(pushOf({ ...payment, goesBack: true })).toBeUndefined();
});
