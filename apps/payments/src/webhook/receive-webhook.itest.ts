import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import {
  type PaymentsKit,
  type Started,
  SECRET,
  aStart,
  eventsOf,
  linkOf,
  paymentOf,
  startPayments,
  user,
} from '../payment/payment.fixture.js';
import { PruneWebhooks } from './prune-webhooks.job.js';
import { sign } from './signature.js';

let kit: PaymentsKit;
beforeAll(async () => {
  kit = await startPayments();
});
afterAll(() => kit.close());

interface WebhookRow {
  applied_at: Date | null;
  outcome: string | null;
  attempts: number;
}

const rowOf = async (db: Database, id: string): Promise<WebhookRow | undefined> => {
  const [row] = await db.query<WebhookRow>(sql`SELECT * FROM payments.webhook_event WHERE event_id = ${id}`);
  return row;
};
const isApplied = (id: string) => async () =>
  expect((await rowOf(kit.db, id))?.applied_at).toBeInstanceOf(Date);

/** A webhook of the sandbox about a payment, as it would be posted. */
const aWebhook = (data: Record<string, unknown>, type = 'payment.succeeded') => {
  const id = newId();
  return { id, body: JSON.stringify({ id, type, created: 1, data }) };
};
const post = (body: string, signature = sign(body, SECRET, new Date())) =>
  kit.receiving.execute({
    provider: 'SANDBOX',
    headers: { 'sandbox-signature': signature },
    body: Buffer.from(body).toString('base64'),
  });

async function givenStarted(): Promise<{
  started: Started;
  paymentId: string;
  data: Record<string, unknown>;
}> {
  const started = await kit.starting.execute(aStart(), user());
  const { id: paymentId, orderId } = started.payment;
  const data = {
    sessionId: linkOf(started).id,
    paymentId,
    orderId,
    amount: 19.99,
    currency: 'USD',
    status: 'PAID',
  };
  return { started, paymentId, data };
}

/** Paid at the sandbox, whose own webhook gets lost. */
const givenCaptured = async () => {
  const given = await givenStarted();
  await kit.db.execute(
    sql`UPDATE payments.sandbox_session SET status = 'PAID' WHERE payment_id = ${given.paymentId}`,
  );
  return given;
};

describe('a webhook', () => {
  it('pays a payment once when it comes 20 times at once', async () => {
    const { paymentId, data } = await givenCaptured();
    const { id, body } = aWebhook(data);
    await Promise.all(Array.from({ length: 20 }, () => post(body)));
    await eventually(isApplied(id));
    expect(await eventsOf(kit.db, paymentId)).toEqual(['payment.started', 'payment.succeeded']);
    expect(await paymentOf(kit.db, paymentId)).toMatchObject({
      status: 'SUCCEEDED',
      version: 2,
      check_at: null,
    });
  });

  it('pays a payment once when 20 different ones tell of it', async () => {
    const { paymentId, data } = await givenCaptured();
    const webhooks = Array.from({ length: 20 }, () => aWebhook(data));
    await Promise.all(webhooks.map(({ body }) => post(body)));
    for (const { id } of webhooks) await eventually(isApplied(id));
    expect(await eventsOf(kit.db, paymentId)).toEqual(['payment.started', 'payment.succeeded']);
  });

  it('that is forged changes nothing and leaves no row', async () => {
    const { paymentId, data } = await givenCaptured();
    const { id, body } = aWebhook(data);
    for (const signature of [
      '',
      't=1,v1=00',
      sign(body, 'guessed', new Date()),
      sign(`${body} `, SECRET, new Date()),
    ])
      await expect(post(body, signature)).rejects.toMatchObject({ code: 'WEBHOOK_NOT_GENUINE' });
    expect(await rowOf(kit.db, id)).toBeUndefined();
    expect((await paymentOf(kit.db, paymentId)).status).toBe('PENDING');
  });

  it('that is played again six minutes later is refused', async () => {
    const { data } = await givenCaptured();
    const { id, body } = aWebhook(data);
    const sixMinutesAgo = new Date(Date.now() - 6 * 60_000);
    await expect(post(body, sign(body, SECRET, sixMinutesAgo))).rejects.toMatchObject({
      code: 'WEBHOOK_NOT_GENUINE',
    });
    expect(await rowOf(kit.db, id)).toBeUndefined();
  });

  it.each([{ amount: 0.01 }, { amount: 19.999 }, { currency: 'EUR' }])(
    'that says %j pays nothing',
    async (other) => {
      const { paymentId, data } = await givenCaptured();
      const { id, body } = aWebhook({ ...data, ...other });
      await post(body);
      await eventually(isApplied(id));
      expect((await rowOf(kit.db, id))?.outcome).toMatch(/^mismatch: /);
      expect((await paymentOf(kit.db, paymentId)).status).toBe('PENDING');
    },
  );

  it('pays nothing when another amount was captured than was agreed', async () => {
    const { paymentId, data } = await givenCaptured();
    await kit.db.execute(sql`UPDATE payments.sandbox_session SET amount = 1 WHERE payment_id = ${paymentId}`);
    const { id, body } = aWebhook(data);
    await post(body);
    await eventually(isApplied(id));
    expect((await rowOf(kit.db, id))?.outcome).toMatch(/^mismatch: amount is 1 /);
    expect(await eventsOf(kit.db, paymentId)).toEqual(['payment.started']);
  });

  it('is not believed when the provider says otherwise', async () => {
    const { paymentId, data } = await givenStarted();
    const { id, body } = aWebhook(data);
    await post(body);
    await eventually(async () => expect((await rowOf(kit.db, id))?.outcome).toBe('waiting'));
    expect((await paymentOf(kit.db, paymentId)).status).toBe('PENDING');
  });

  it('about another session of the provider pays nothing', async () => {
    const [mine, other] = [await givenStarted(), await givenCaptured()];
    const { id, body } = aWebhook({ ...mine.data, sessionId: other.data['sessionId'] });
    await post(body);
    await eventually(async () => expect((await rowOf(kit.db, id))?.outcome).toBe('waiting'));
    expect((await paymentOf(kit.db, mine.paymentId)).status).toBe('PENDING');
  });

  it('about a payment that another provider was asked for pays nothing', async () => {
    const { paymentId, data } = await givenCaptured();
    await kit.db.execute(sql`UPDATE payments.payment SET provider = 'STRIPE' WHERE id = ${paymentId}`);
    const { id, body } = aWebhook(data);
    await post(body);
    await eventually(async () => (await rowOf(kit.db, id))?.outcome === 'unknown-payment');
    expect((await paymentOf(kit.db, paymentId)).status).toBe('PENDING');
  });

  it('about an unknown payment is kept, tried again, and given up after a day and a dozen tries', async () => {
    const { id, body } = aWebhook({ sessionId: newId(), paymentId: newId(), amount: 1, currency: 'USD' });
    await post(body);
    await eventually(async () => expect((await rowOf(kit.db, id))?.outcome).toBe('unknown-payment'));
    expect((await rowOf(kit.db, id))?.applied_at).toBeNull();
    await kit.db.execute(
      sql`UPDATE payments.webhook_event SET received_at = now() - interval '25 hours' WHERE event_id = ${id}`,
    );
    for (let attempts = 2; attempts <= 12; attempts += 1) {
      expect(await rowOf(kit.db, id)).toMatchObject({ outcome: 'unknown-payment', applied_at: null });
      await kit.db.execute(sql`UPDATE payments.webhook_event SET next_at = now() WHERE event_id = ${id}`);
      await kit.runJobs();
    }
    expect(await rowOf(kit.db, id)).toMatchObject({ outcome: 'given up: unknown-payment', attempts: 12 });
  });

  it('of an unknown type is stored and ignored', async () => {
    const { id, body } = aWebhook({}, 'balance.available');
    await post(body);
    expect(await rowOf(kit.db, id)).toMatchObject({ outcome: 'ignored', applied_at: expect.any(Date) });
  });

  it.each(['not json', '{}', '[]', 'null', '{"id":"\\u0000","type":"a"}'])(
    'that says %s is refused, though signed',
    async (body) => {
      await expect(post(body)).rejects.toMatchObject({ code: 'WEBHOOK_NOT_GENUINE' });
    },
  );

  it('of a provider that is not set up is refused', async () => {
    await expect(kit.receiving.execute({ provider: 'STRIPE', headers: {}, body: '' })).rejects.toMatchObject({
      code: 'WEBHOOK_NOT_GENUINE',
    });
  });

  it('that was stored before a crash is applied by the job', async () => {
    const { paymentId, data } = await givenCaptured();
    const { id, body } = aWebhook(data);
    await kit.db.execute(sql`
      INSERT INTO payments.webhook_event (provider, event_id, type, body) VALUES ('SANDBOX', ${id}, 'payment.succeeded', ${body})`);
    await kit.runJobs();
    expect((await rowOf(kit.db, id))?.outcome).toBe('applied');
    expect((await paymentOf(kit.db, paymentId)).status).toBe('SUCCEEDED');
  });
});

it('that nobody needs any more is removed, however many there are', async () => {
  await kit.db.execute(sql`
    INSERT INTO payments.webhook_event (provider, event_id, type, body, applied_at)
    SELECT 'SANDBOX', 'old-' || n, 'ping', '{}', now() - n * interval '1 day' FROM generate_series(1, 2500) n`);
  await kit.db.execute(sql`
    INSERT INTO payments.sandbox_webhook (id, body, delivered_at)
    SELECT gen_random_uuid(), 'old', now() - n * interval '1 day' FROM generate_series(1, 2500) n`);
  const job = new PruneWebhooks(kit.db);
  while (await job.run());
  const [left] = await kit.db.query(sql`
    SELECT (SELECT count(*) FROM payments.webhook_event WHERE event_id LIKE 'old-%') AS applied,
      (SELECT count(*) FROM payments.sandbox_webhook WHERE body = 'old') AS delivered`);
  expect(left).toEqual({ applied: 89, delivered: 6 });
});

describe('the sandbox', () => {
  it('delivers what happened on its page over HTTP', async () => {
    const { started, paymentId } = await givenStarted();
    expect(await kit.settle(started, 'pay')).toMatchObject({ status: 'PAID', amount: 1999 });
    await eventually(async () => expect((await paymentOf(kit.db, paymentId)).status).toBe('SUCCEEDED'));
  });

  it('delivers again until it is accepted, with a fresh signature', async () => {
    const { started, paymentId } = await givenStarted();
    kit.gateway.isDown = true;
    await kit.settle(started, 'decline');
    await eventually(() => expect(kit.gateway.answers).toContain(503));
    kit.gateway.isDown = false;
    await eventually(async () => {
      await kit.runJobs();
      expect((await paymentOf(kit.db, paymentId)).status).toBe('FAILED');
    });
    expect(await eventsOf(kit.db, paymentId)).toEqual(['payment.started', 'payment.failed']);
    expect(kit.gateway.answers).not.toContain(400);
  });

  it('opens its page only with the right secret, and answers a settled one again', async () => {
    const { started } = await givenStarted();
    await expect(
      kit.settle({ ...started, paymentUrl: `${started.paymentUrl}x` }, 'pay'),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await kit.settle(started, 'decline')).toMatchObject({ status: 'DECLINED' });
    expect(await kit.settle(started, 'pay')).toMatchObject({ status: 'DECLINED' });
  });
});
