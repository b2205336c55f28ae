import { describe, expect, it } from '@jest/globals';
import { OrderStatus, PaymentStatus } from '@order-system/contracts/orders.contracts';
import fc from 'fast-check';
import { move, type Mover, type OrderState, possible, totalOf, TRANSITIONS } from './order.rules.js';
import { paid } from './order-state.fixture.js';

const EVERYBODY: readonly Mover[] = ['owner', 'admin', 'room', 'payment', 'time'];
/** Who may move an order from one state to another; every pair that is not here is refused to everybody. */
const MOVERS: Readonly<Record<string, readonly Mover[]>> = {
  'PENDING>PROCESSING': ['payment'],
  'PENDING>REVIEW': ['payment'],
  'PENDING>CANCELLED': ['owner', 'admin', 'time'],
  'REVIEW>PROCESSING': ['room'],
  'REVIEW>CANCELLED': ['owner', 'admin'],
  'PROCESSING>SHIPPED': ['admin'],
  'PROCESSING>COMPLETED': ['admin'],
  'PROCESSING>CANCELLED': ['admin'],
  'SHIPPED>COMPLETED': ['admin'],
};
const PAIRS = OrderStatus.options.flatMap((from) => OrderStatus.options.map((to) => [from, to] as const));

describe('the life of an order', () => {
  const next = (status: OrderStatus) => possible(status, EVERYBODY);

  it('can reach every state', () => {
    const reached = new Set<OrderStatus>(['PENDING', 'REVIEW']);
    for (const status of reached) for (const to of next(status)) reached.add(to);
    expect([...reached].sort()).toEqual([...OrderStatus.options].sort());
  });

  it('ends in COMPLETED or CANCELLED, which every state can reach and none can leave', () => {
    expect(OrderStatus.options.filter((status) => next(status).length === 0)).toEqual([
      'COMPLETED',
      'CANCELLED',
    ]);
    for (const start of OrderStatus.options) {
      const reached = new Set<OrderStatus>([start]);
      for (const status of reached) for (const to of next(status)) reached.add(to);
      expect(reached.has('COMPLETED') || reached.has('CANCELLED')).toBe(true);
    }
  });

  it('never comes back to a state it has left', () => {
    const after = (status: OrderStatus): OrderStatus[] => next(status).flatMap((to) => [to, ...after(to)]);
    for (const status of OrderStatus.options) expect(after(status)).not.toContain(status);
  });

  it('names states and movers that exist', () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual([...OrderStatus.options].sort());
  });
});

describe('moving an order', () => {
  it.each(PAIRS)('%s -> %s', (from, to) => {
    const allowed = MOVERS[`${from}>${to}`] ?? [];
    const before: OrderState = { ...paid, status: from };
    for (const mover of EVERYBODY) {
      const attempt = () => move(before, { to, movers: [mover], reason: 'because' });
      if (allowed.includes(mover))
        expect(attempt()).toEqual({
          before,
          after: { ...before, status: to, payBefore: null, version: 2 },
          reason: 'because',
        });
      else
        expect(attempt).toThrow(
          expect.objectContaining({
            code: 'ILLEGAL_TRANSITION',
            facts: { from, to, possible: possible(from, [mover]) },
          }),
        );
    }
  });

  it.each(PaymentStatus.options)(
    'completes an order only when nothing is left to pay: %s',
    (paymentStatus) => {
      const complete = () => move({ ...paid, paymentStatus }, { to: 'COMPLETED', movers: ['admin'] });
      if (['PENDING', 'FAILED'].includes(paymentStatus)) expect(complete).toThrow('it has not been paid yet');
      else expect(complete().after.status).toBe('COMPLETED');
    },
  );

  it('says what is possible instead, also when that is nothing', () => {
    const text = (status: OrderStatus, movers: Mover[]) => {
      try {
        return move({ ...paid, status }, { to: 'PENDING', movers });
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(text('PROCESSING', ['admin'])).toContain('Possible from here: SHIPPED, COMPLETED, CANCELLED.');
    expect(text('CANCELLED', ['admin', 'owner'])).toContain('Possible from here: nothing.');
  });

  it('says how an order in review moves on when staff try it by its status', () => {
    const before = { ...paid, status: 'REVIEW' } as const;
    const attempt = () => move(before, { to: 'PROCESSING', movers: ['admin'] });
    expect(attempt).toThrow(
      'An order in REVIEW cannot become PROCESSING: staff agree to it by closing its room with a summary. ' +
        'Possible from here: CANCELLED.',
    );
  });

  it('names COMPLETED as possible only when nothing is left to pay', () => {
    const unpaid = { ...paid, paymentStatus: 'PENDING' } as const;
    for (const to of ['COMPLETED', 'PENDING'] as const)
      expect(() => move(unpaid, { to, movers: ['admin'] })).toThrow(
        expect.objectContaining({ facts: { from: 'PROCESSING', to, possible: ['SHIPPED', 'CANCELLED'] } }),
      );
  });

  it.each([
    ['REQUESTED', 'CANCELLED'],
    ['PENDING', 'CANCELLED'],
    ['FAILED', 'FAILED'],
    ['SUCCEEDED', 'SUCCEEDED'],
    [null, null],
  ] as const)('ends a payment that is %s with a cancelled order: %s', (paymentState, after) => {
    const cancel = move({ ...paid, paymentState }, { to: 'CANCELLED', movers: ['admin'] });
    expect(cancel.after.paymentState).toBe(after);
    expect(move({ ...paid, paymentState }, { to: 'SHIPPED', movers: ['admin'] }).after.paymentState).toBe(
      paymentState,
    );
  });

  it('keeps the tracking number it has, and takes a new one', () => {
    const shipped = move(paid, { to: 'SHIPPED', movers: ['admin'], trackingNumber: 'T1', carrier: 'DHL' });
    expect(shipped.after).toMatchObject({ trackingNumber: 'T1', carrier: 'DHL' });
    const done = move(shipped.after, { to: 'COMPLETED', movers: ['admin'] });
    expect(done.after).toMatchObject({ trackingNumber: 'T1', carrier: 'DHL' });
  });
});

describe('the total of an order', () => {
  const line = fc.record({
    price: fc.integer({ min: 0, max: 100_000_000 }),
    quantity: fc.integer({ min: 1, max: 1_000_000 }),
  });
  const MOST = 10n ** 13n;

  it('is the exact sum of its lines, or a refusal', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 100 }), (lines) => {
        const exact = lines.reduce((sum, one) => sum + BigInt(one.price) * BigInt(one.quantity), 0n);
        if (exact === 0n || exact > MOST) expect(() => totalOf(lines)).toThrow('The order must cost');
        else expect(BigInt(totalOf(lines))).toBe(exact);
      }),
    );
  });

  it('does not depend on the order of the lines', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        const outcome = (given: typeof lines) => {
          try {
            return totalOf(given);
          } catch (error) {
            return (error as Error).message;
          }
        };
        expect(outcome([...lines].reverse())).toBe(outcome(lines));
      }),
    );
  });

  it('has a limit, and says what to do beyond it', () => {
    expect(totalOf([{ price: 10 ** 8, quantity: 10 ** 5 }])).toBe(10 ** 13);
    expect(() =>
      totalOf([
        { price: 10 ** 8, quantity: 10 ** 5 },
        { price: 1, quantity: 1 },
      ]),
    ).toThrow('The order must cost at most 100,000,000,000 in all; order less, or in several orders.');
    expect(() => totalOf([{ price: 0, quantity: 5 }])).toThrow('The order must cost something in all.');
  });
});
