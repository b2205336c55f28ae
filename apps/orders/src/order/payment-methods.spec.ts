import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DomainError } from '@order-system/contracts/errors';
import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
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

afterEach(() => void jest.restoreAllMocks());

const given = () => {
  const payments = new Payments();
  const known = new PaymentMethods(payments);
  const clock = { seconds: 0 };
  jest.spyOn(performance, 'now').mockImplementation(() => clock.seconds * 1000);
  const ask = (provider: PaymentProviderName) => known.refuseUnlessSetUp(provider, systemContext());
  return { payments, clock, ask };
};

describe('payment methods', () => {
  it('are asked for once in half a minute, and then again', async () => {
    const { payments, clock, ask } = given();
    for (clock.seconds = 0; clock.seconds < 30; clock.seconds += 1) await ask('STRIPE');
    expect(payments.asked).toBe(1);
    payments.methods = ['SANDBOX'];
    await expect(ask('STRIPE')).rejects.toMatchObject({
      code: 'PAYMENT_METHOD_UNAVAILABLE',
      facts: { available: ['SANDBOX'] },
    });
    expect(payments.asked).toBe(2);
  });

  it('are the last ones known while payments are down', async () => {
    const { payments, clock, ask } = given();
    await ask('STRIPE');
    payments.isDown = true;
    clock.seconds = 60;
    await ask('STRIPE');
    await expect(ask('PAYPAL')).rejects.toThrow('PAYPAL is not set up here.');
  });

  it('include the built-in one without asking', async () => {
    const { payments, ask } = given();
    payments.isDown = true;
    await ask('SANDBOX');
    await expect(ask('STRIPE')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
