import { expect, it } from '@jest/globals';
import { defineCall, defineEvent } from '@order-system/contracts/define';
import { Money } from '@order-system/contracts/money';
import { Id } from '@order-system/contracts/primitives';
import { z } from 'zod';
import { consumer, on } from './consumer.js';
import { type MessageContext, systemContext } from './context.js';
import { fact } from './outbox.js';
import { Rpc } from './rpc.js';
import type { RpcClient } from './rpc-client.js';

// The compiler checks this file with all others: an "expect-error" line that compiles is an error by itself.

const Paid = defineEvent('order.paid', 1, z.object({ orderId: Id, amount: Money }));
const Pay = defineCall('orders.pay', {
  kind: 'command',
  input: z.object({ id: Id, amount: Money }),
  output: z.object({ left: Money }),
});

const id = '0198c0de-0000-7000-8000-000000000001';
const aggregate = { type: 'order', id, version: 1 };

it('tells facts that fit their contract only', () => {
  expect(fact(Paid, aggregate, { orderId: id, amount: 1999 }).data).toEqual({ orderId: id, amount: 19.99 });
  // @ts-expect-error a field is missing
  expect(() => fact(Paid, aggregate, { orderId: id })).toThrow();
  // @ts-expect-error a field has another type
  expect(() => fact(Paid, aggregate, { orderId: id, amount: '19.99' })).toThrow();
});

it('gives a handler the data of its event', () => {
  const good = on(Paid, async (_tx, { data }) => void data.amount.toFixed());
  // @ts-expect-error the event has no such field
  const wrong = on(Paid, async (_tx, { data }) => void data.userId);
  expect(() => consumer('orders.test', [good, wrong])).toThrow('subscribes to one event twice');
});

it('calls with the input, and answers with the output, of the contract', () => {
  const calls = (rpc: RpcClient) => [
    // @ts-expect-error a field is missing
    () => rpc.call(Pay, { id }, systemContext()),
    // @ts-expect-error the answer has no such field
    async () => (await rpc.call(Pay, { id, amount: 1 }, systemContext())).right,
  ];
  expect(calls).toHaveLength(1);
  class Edge {
    @Rpc(Pay)
    async good({ amount }: { id: string; amount: number }, _ctx: MessageContext) {
      return { left: amount };
    }

    // @ts-expect-error the answer is another one
    @Rpc(Pay)
    async wrong(_input: { id: string; amount: number }, _ctx: MessageContext) {
      return { right: 1 };
    }
  }
  expect(new Edge()).toBeDefined();
});
