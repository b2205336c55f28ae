import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import {
  type PaymentsKit,
  aStart,
  admin,
  eventsOf,
  givenPaid,
  paymentOf,
  refundsOf,
  startPayments,
  user,
} from './payment.fixture.js';
import { RefundPayment, recordRefund, requestRefund } from './refund-payment.js';
import { settlePayment } from './settle-payment.js';

let kit: PaymentsKit;
beforeAll(async () => {
  kit = await startPayments();
});
afterAll(() => kit.close());

const givenBack = async (paymentId: string) => {
  const [row] = await kit.db.query<{ refunded: number }>(
    sql`SELECT refunded FROM payments.sandbox_session WHERE payment_id = ${paymentId}`,
  );
  return row?.refunded;
};

describe('a refund', () => {
  it('gives back a part, then all that is left', async () => {
    const { payment } = await givenPaid(kit);
    const part = await kit.refunding.execute({ id: payment.id, amount: 500, reason: 'a scratch' }, admin());
    expect(part).toMatchObject({ status: 'PARTIALLY_REFUNDED', refunded: 500 });
    const rest = await kit.refunding.execute({ id: payment.id }, admin());
    expect(rest).toMatchObject({ status: 'REFUNDED', refunded: 1999 });
    expect(await givenBack(payment.id)).toBe(1999);
    expect(await eventsOf(kit.db, payment.id)).toEqual([
      'payment.started',
      'payment.succeeded',
      'payment.refunded',
      'payment.refunded',
    ]);
  });

  it('is for admins', async () => {
    const { payment } = await givenPaid(kit);
    await expect(kit.refunding.execute({ id: payment.id }, user(payment.userId))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('of what does not exist, was not captured, or is gone is refused', async () => {
    await expect(kit.refunding.execute({ id: newId() }, admin())).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const { payment } = await kit.starting.execute(aStart(), user());
    const refused = { code: 'REFUND_EXCEEDS_CAPTURED' };
    await expect(kit.refunding.execute({ id: payment.id }, admin())).rejects.toMatchObject(refused);
    const paid = await givenPaid(kit);
    await expect(kit.refunding.execute({ id: paid.payment.id, amount: 2000 }, admin())).rejects.toMatchObject(
      refused,
    );
    await kit.refunding.execute({ id: paid.payment.id }, admin());
    await expect(kit.refunding.execute({ id: paid.payment.id }, admin())).rejects.toMatchObject(refused);
  });

  it('never exceeds what was captured, whatever is asked for at once', async () => {
    const { payment } = await givenPaid(kit);
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => kit.refunding.execute({ id: payment.id, amount: 300 }, admin())),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(6);
    expect(await paymentOf(kit.db, payment.id)).toMatchObject({
      refunded: 1800,
      status: 'PARTIALLY_REFUNDED',
    });
    expect(await givenBack(payment.id)).toBe(1800);
  });

  it('under one key happens once, and answers alike', async () => {
    const { payment } = await givenPaid(kit);
    const ctx = { ...admin(), idempotencyKey: 'k1' };
    const answers = await Promise.all(
      [1, 2, 3].map(() => kit.refunding.execute({ id: payment.id, amount: 100 }, ctx)),
    );
    answers.push(await kit.refunding.execute({ id: payment.id, amount: 100 }, ctx));
    expect(answers.every((answer) => answer.refunded === 100)).toBe(true);
    expect(await refundsOf(kit.db, payment.id)).toHaveLength(1);
    await expect(kit.refunding.execute({ id: payment.id, amount: 200 }, ctx)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('knows nothing of the keys of other admins', async () => {
    const { payment } = await givenPaid(kit);
    for (const ctx of [admin(), admin()])
      await kit.refunding.execute({ id: payment.id, amount: 100 }, { ...ctx, idempotencyKey: 'monday' });
    expect(await givenBack(payment.id)).toBe(200);
  });

  it.each([
    [
      'another payment',
      async () => ({ id: (await givenPaid(kit)).payment.id, amount: 100, reason: 'a scratch' }),
    ],
    ['another amount', async (id: string) => ({ id, amount: 200, reason: 'a scratch' })],
    ['all that is left', async (id: string) => ({ id, reason: 'a scratch' })],
    ['another reason', async (id: string) => ({ id, amount: 100, reason: 'a dent' })],
  ])('under a used key, but of %s, is refused', async (_, otherOf) => {
    const { id } = (await givenPaid(kit)).payment;
    const refund = { id, amount: 100, reason: 'a scratch' };
    const other = await otherOf(id);
    const givenInAll = async () =>
      (await givenBack(id))! + (other.id === id ? 0 : (await givenBack(other.id))!);
    const ctx = { ...admin(), idempotencyKey: newId() };
    const reused = { code: 'IDEMPOTENCY_KEY_REUSED' };

    const tries = await Promise.allSettled([refund, other].map((input) => kit.refunding.execute(input, ctx)));
    const [first, second] = tries[0]?.status === 'fulfilled' ? [refund, other] : [other, refund];
    expect(tries.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: reused }]);
    const given = await givenInAll();
    await expect(kit.refunding.execute(second, ctx)).rejects.toMatchObject(reused);

    await kit.db.execute(sql`DELETE FROM events.idempotency_key WHERE key = ${ctx.idempotencyKey}`);
    await expect(kit.refunding.execute(second, ctx)).rejects.toMatchObject(reused);
    expect(await kit.refunding.execute(first, ctx)).toMatchObject({ id: first.id });
    expect(await givenInAll()).toBe(given);
  });

  it('under the key of one that was interrupted is that one, or refused', async () => {
    const { id } = (await givenPaid(kit)).payment;
    const ctx = { ...admin(), idempotencyKey: newId() };
    const cut = new RefundPayment(kit.db, kit.providers);
    cut.finish = () => Promise.reject(new Error('cut off'));
    await expect(cut.execute({ id, amount: 100 }, ctx)).rejects.toThrow('cut off');
    await expect(kit.refunding.execute({ id, amount: 300 }, ctx)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await kit.refunding.execute({ id, amount: 100 }, ctx)).toMatchObject({ refunded: 100 });
  });

  it('that its provider refuses moves no money and says why, also when it is asked for again', async () => {
    const { id } = (await givenPaid(kit)).payment;
    const ctx = { ...admin(), idempotencyKey: newId() };
    const refusing = new RefundPayment(kit.db, kit.providers);
    refusing.finish = async () => ({ state: 'refused', reason: 'the card is closed' });
    await expect(refusing.execute({ id, amount: 100 }, ctx)).rejects.toMatchObject({
      code: 'REFUND_REFUSED',
      detail: 'The provider refused: the card is closed.',
    });
    await expect(kit.refunding.execute({ id, amount: 100 }, ctx)).rejects.toMatchObject({
      code: 'REFUND_REFUSED',
    });
    expect(await givenBack(id)).toBe(0);
    expect(await kit.refunding.execute({ id }, admin())).toMatchObject({ status: 'REFUNDED' });
  });

  it('that both its admin and the job have asked for is booked once', async () => {
    const { payment } = await givenPaid(kit);
    const wanted = { id: payment.id, refundId: newId(), amount: 700 };
    const refund = await kit.db.inTx((tx) => requestRefund(tx, wanted));
    const answer = { state: 'refunded', ref: 'r1' } as const;
    const record = () => kit.db.inTx((tx) => recordRefund(tx, { refund, answer }, admin()));
    await Promise.all([record(), record()]);
    expect(await paymentOf(kit.db, payment.id)).toMatchObject({ refunded: 700 });
    expect((await eventsOf(kit.db, payment.id)).filter((type) => type === 'payment.refunded')).toHaveLength(
      1,
    );
  });

  it('that was interrupted is finished by the job', async () => {
    const { payment } = await givenPaid(kit);
    await kit.db.inTx((tx) => requestRefund(tx, { id: payment.id, refundId: newId(), amount: 700 }));
    await kit.db.execute(
      sql`UPDATE payments.refund SET next_at = now() - interval '1 second' WHERE payment_id = ${payment.id}`,
    );
    await Promise.all([kit.runJobs(), kit.runJobs()]);
    expect(await paymentOf(kit.db, payment.id)).toMatchObject({ refunded: 700 });
    expect(await givenBack(payment.id)).toBe(700);
  });
});

describe('a cancelled order', () => {
  const isRefunded = (id: string) => async () => {
    await kit.runJobs();
    expect((await paymentOf(kit.db, id)).status).toBe('REFUNDED');
  };

  it('gets back what was captured before', async () => {
    const { payment } = await givenPaid(kit);
    await kit.refunding.execute({ id: payment.id, amount: 999 }, admin());
    await kit.cancelOrder(payment.orderId);
    await kit.cancelOrder(payment.orderId);
    await eventually(isRefunded(payment.id));
    expect(await givenBack(payment.id)).toBe(1999);
    expect((await refundsOf(kit.db, payment.id)).map((refund) => refund.amount)).toEqual([999, 1000]);
  });

  it('gets back also what a refund had promised that its provider then refused', async () => {
    const { payment } = await givenPaid(kit);
    const refundId = newId();
    const part = { id: payment.id, refundId, amount: 500 };
    const refund = await kit.db.inTx((tx) => requestRefund(tx, part));
    await kit.cancelOrder(payment.orderId);
    const answer = { state: 'refused', reason: 'not now' } as const;
    for (const _ of [1, 2]) await kit.db.inTx((tx) => recordRefund(tx, { refund, answer }, admin()));
    await eventually(isRefunded(payment.id));
    expect(await givenBack(payment.id)).toBe(1999);
    const rest = (await refundsOf(kit.db, payment.id)).map(({ amount, status }) => [amount, status]);
    expect(rest).toEqual([
      [500, 'FAILED'],
      [1499, 'SUCCEEDED'],
      [500, 'SUCCEEDED'],
    ]);
  });

  it('gets back what is captured after', async () => {
    const started = await kit.starting.execute(aStart(), user());
    await kit.cancelOrder(started.payment.orderId);
    // The customer was faster at the provider than we were.
    await kit.settle(started, 'pay');
    await eventually(isRefunded(started.payment.id));
    expect(await givenBack(started.payment.id)).toBe(1999);
    expect(await eventsOf(kit.db, started.payment.id)).toEqual([
      'payment.started',
      'payment.succeeded',
      'payment.refunded',
    ]);
    const told = await kit.db.query(sql`
      SELECT data -> 'goesBack' AS "goesBack" FROM events.event
      WHERE aggregate_id = ${started.payment.id} AND type = 'payment.succeeded'`);
    expect(told).toEqual([{ goesBack: true }]);
  });

  it('gets everything back when capture and cancellation race', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => kit.starting.execute(aStart(), user())));
    await Promise.all(
      all.flatMap((started) => [
        kit.settle(started, 'pay'),
        kit.cancelOrder(started.payment.orderId),
        kit.runJobs(),
      ]),
    );
    for (const { payment } of all) {
      await eventually(async () => {
        await kit.runJobs();
        const { status, check_at } = await paymentOf(kit.db, payment.id);
        if (status !== 'REFUNDED') expect([status, check_at]).toEqual(['CANCELLED', null]);
        expect(await givenBack(payment.id)).toBe(status === 'REFUNDED' ? 1999 : 0);
      });
    }
  });
});

describe('an order with two attempts', () => {
  it('keeps the money of one when both are captured', async () => {
    const orderId = newId();
    const first = await kit.starting.execute(aStart({ orderId }), user());
    kit.gateway.isDown = true;
    await kit.settle(first, 'pay');
    const second = await kit.starting.execute(aStart({ orderId }), user());
    await kit.settle(second, 'pay');
    kit.gateway.isDown = false;
    await eventually(async () => {
      await kit.runJobs();
      const statuses = [first, second].map(
        async ({ payment }) => (await paymentOf(kit.db, payment.id)).status,
      );
      expect((await Promise.all(statuses)).sort()).toEqual(['REFUNDED', 'SUCCEEDED']);
    });
    const kept = await kit.db.query(sql`
      SELECT p.status, e.data -> 'goesBack' AS "goesBack" FROM payments.payment p
      JOIN events.event e ON e.aggregate_id = p.id AND e.type = 'payment.succeeded'
      WHERE p.order_id = ${orderId} ORDER BY p.status`);
    expect(kept).toEqual([
      { status: 'REFUNDED', goesBack: true },
      { status: 'SUCCEEDED', goesBack: null },
    ]);
  });

  it('gets back what is captured after all of the first went back', async () => {
    const orderId = newId();
    const first = await kit.starting.execute(aStart({ orderId }), user());
    kit.gateway.isDown = true;
    await kit.settle(first, 'pay');
    const second = await kit.starting.execute(aStart({ orderId }), user());
    await kit.settle(second, 'pay');
    const input = { provider: 'SANDBOX', paymentId: first.payment.id } as const;
    const answer = await kit.sandbox.lookUp({ paymentId: first.payment.id, providerRef: null });
    await kit.db.inTx((tx) => settlePayment(tx, { ...input, answer }, admin()));
    await kit.refunding.execute({ id: first.payment.id }, admin());
    kit.gateway.isDown = false;
    await eventually(async () => {
      await kit.runJobs();
      expect((await paymentOf(kit.db, second.payment.id)).status).toBe('REFUNDED');
    });
  });

  it('gives the second one up when the first turns out to be paid', async () => {
    const orderId = newId();
    const first = await kit.starting.execute(aStart({ orderId }), user());
    kit.gateway.isDown = true;
    await kit.settle(first, 'pay');
    const second = await kit.starting.execute(aStart({ orderId }), user());
    kit.gateway.isDown = false;
    await kit.runJobs();
    await eventually(async () =>
      expect((await paymentOf(kit.db, first.payment.id)).status).toBe('SUCCEEDED'),
    );
    await kit.runJobs();
    expect((await paymentOf(kit.db, second.payment.id)).status).toBe('CANCELLED');
    expect(await kit.settle(second, 'pay')).toMatchObject({ status: 'EXPIRED' });
  });
});
