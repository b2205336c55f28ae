import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@order-system/contracts/errors';
import { systemContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import type { RpcReply } from '@order-system/messaging/rpc-reply';
import { PaymentMethods } from './payment-methods.js';

/** Payments, with these methods. */
class Payments extends RpcClient {
  asked = 0;
  isDown = false;
  methods = ['SANDBOX', 'STRIPE'];

  protected async send(): Promise<RpcReply> {
    this.asked += 1;
    if (this.isDown) throw new DomainError('SERVICE_UNAVAILABLE', 'down');
    return { response: { methods: this.methods } };
  }

  async close(): Promise<void> {}
}

const ctx = systemContext();
const given = () => {
  const payments = new Payments();
  const clock = { seconds: 0, now: () => new Date(clock.seconds * 1000) };
  return { payments, clock, known: new PaymentMethods(payments, clock) };
};

describe('payment methods', () => {
  it('are asked for once in half a minute, and then again', async () => {
    const { payments, clock, known } = given();
    for (clock.seconds = 0; clock.seconds < 30; clock.seconds += 1)
      await known.refuseUnlessSetUp('STRIPE', ctx);
    expect(payments.asked).toBe(1);
    payments.methods = ['SANDBOX'];
    await expect(known.refuseUnlessSetUp('STRIPE', ctx)).rejects.toMatchObject({
      code: 'PAYMENT_METHOD_UNAVAILABLE',
      facts: { available: ['SANDBOX'] },
    });
    expect(payments.asked).toBe(2);
  });

  it('are the last ones known while payments are down', async () => {
    const { payments, clock, known } = given();
    await known.refuseUnlessSetUp('STRIPE', ctx);
    payments.isDown = true;
    clock.seconds = 60;
    await known.refuseUnlessSetUp('STRIPE', ctx);
    await expect(known.refuseUnlessSetUp('PAYPAL', ctx)).rejects.toThrow('PAYPAL is not set up here.');
  });

  it('include the built-in one without asking', async () => {
    const { payments, known } = given();
    payments.isDown = true;
    await known.refuseUnlessSetUp('SANDBOX', ctx);
    await expect(known.refuseUnlessSetUp('STRIPE', ctx)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });
});
