import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  type Call,
  type CallInput,
  type CallOutput,
  defineCall,
  defineEvent,
  type EventContract,
  type EventData,
  routingKey,
  serviceOf,
  type WireOutput,
} from './define.js';
import { Money } from './money.js';
import { Id, Instant } from './primitives.js';

// The compiler checks this file with all others: an "expect-error" line that compiles is an error by itself.

const Paid = defineEvent('order.paid', 1, z.object({ orderId: Id, amount: Money, at: Instant }));
const Pay = defineCall('orders.pay', {
  kind: 'command',
  input: z.strictObject({ id: Id, amount: Money, note: z.string().optional() }),
  output: z.object({ left: Money, paidAt: Instant }),
});

const id = '0198c0de-0000-7000-8000-000000000001';
const at = new Date('2026-05-01T12:00:00Z');

/** As the libraries take them: a contract, and what fits it. */
const tell = <E extends EventContract>(event: E, data: EventData<E>) => ({ event, data });
const ask = <C extends Call>(call: C, input: CallInput<C>, answer: (output: CallOutput<C>) => unknown) => ({
  call,
  input,
  answer,
});
const forward = <C extends Call>(call: C, answer: WireOutput<C>) => ({ call, answer });

describe('the data of an event', () => {
  it('has minor units and dates', () => {
    expect(tell(Paid, { orderId: id, amount: 1999, at }).data.amount).toBe(1999);
  });

  it('does not compile when it is not what the contract says', () => {
    // @ts-expect-error a field is missing
    tell(Paid, { orderId: id, amount: 1999 });
    // @ts-expect-error a field has another type
    tell(Paid, { orderId: id, amount: '19.99', at });
    // @ts-expect-error a field is none of the contract's
    tell(Paid, { orderId: id, amount: 1999, at, userId: id });
    // @ts-expect-error times are dates inside the program
    tell(Paid, { orderId: id, amount: 1999, at: at.toISOString() });
    // @ts-expect-error a call is no event
    tell(Pay, { orderId: id, amount: 1999, at });
  });
});

describe('a call', () => {
  it('has an input and an answer of its own', () => {
    const asked = ask(Pay, { id, amount: 1999 }, ({ left, paidAt }) => left + paidAt.getTime());
    expect(asked.call.name).toBe('orders.pay');
  });

  it('does not compile with another input', () => {
    // @ts-expect-error a field is missing
    ask(Pay, { id }, () => null);
    // @ts-expect-error a field is none of the contract's
    ask(Pay, { id, amount: 1999, currency: 'USD' }, () => null);
    // @ts-expect-error an optional field has a type too
    ask(Pay, { id, amount: 1999, note: 5 }, () => null);
  });

  it('does not compile when the answer is read as something else', () => {
    // @ts-expect-error the answer has no such field
    ask(Pay, { id, amount: 1999 }, ({ right }) => right);
    // @ts-expect-error money is a number
    ask(Pay, { id, amount: 1999 }, ({ left }) => left.toUpperCase());
    // @ts-expect-error on the wire a time is text
    forward(Pay, { left: 19.99, paidAt: at });
    expect(forward(Pay, { left: 19.99, paidAt: at.toISOString() }).answer.left).toBe(19.99);
  });

  it('is a query or a command', () => {
    // @ts-expect-error there is no third kind
    const odd = defineCall('orders.pay', { kind: 'request', input: z.object({}), output: z.object({}) });
    expect(odd.name).toBe('orders.pay');
  });
});

describe('names', () => {
  it.each(['orders', 'orders.pay.now', 'Orders.pay', 'orders.', ''])('"%s" names no call', (name) => {
    expect(() => defineCall(name, { kind: 'query', input: z.object({}), output: z.object({}) })).toThrow(
      'write it as "service.verb"',
    );
  });

  it.each(['order', 'order_paid', 'Order.paid', 'order.', ''])('"%s" names no event', (type) => {
    expect(() => defineEvent(type, 1, z.object({}))).toThrow('write it as "order.created"');
  });

  it('say who answers and what is published', () => {
    expect(serviceOf(Pay)).toBe('orders');
    expect(routingKey(Paid)).toBe('order.paid.v1');
  });
});
