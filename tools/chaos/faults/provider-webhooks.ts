import { createHmac } from 'node:crypto';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Rig } from '../fault.ts';
import { newProduct } from '../new-product.ts';

const PATH = '/api/payments/webhook/sandbox';
const PARALLEL = 20;
/** Five minutes are tolerated. */
const STALE_S = 360;
const PURCHASES = 4;

interface Webhook {
  readonly id: string;
  readonly body: string;
}

/** All that were sent so far once more, the last ones first, twenty at a time. */
export async function repeat(rig: Rig, since: Date): Promise<string[]> {
  const { rows } = await rig.db.query<Webhook>(
    'SELECT id, body FROM payments.sandbox_webhook WHERE created_at >= $1 ORDER BY created_at DESC LIMIT 200',
    [since],
  );
  const refused: number[] = [];
  for (const { body } of rows) {
    const signature = sign(rig, body);
    const answers = await Promise.all(Array.from({ length: PARALLEL }, () => post(rig, body, signature)));
    refused.push(...answers.filter((status) => status !== 200 && status !== 503));
  }
  rig.log(`${rows.length} webhooks came ${PARALLEL} times more, the last ones first`);
  return refused.length > 0 ? [`${refused.length} genuine webhooks were answered ${refused[0]}`] : [];
}

/** Somebody who cannot sign says that orders are paid. */
export async function forge(rig: Rig): Promise<string[]> {
  const violations: string[] = [];
  const shopper = await rig.shopper();
  const productId = await newProduct(rig);
  for (let index = 0; index < PURCHASES; index += 1) {
    const { id } = await shopper.place({ items: [{ productId, quantity: 1 }] });
    const body = await eventually(() => successOf(rig, id));
    const other = body.replace('PAID', 'paid');
    const seconds = Math.floor(Date.now() / 1000);
    const forgeries = [
      { body, signature: '' },
      { body, signature: `t=${seconds},v1=${'0'.repeat(64)}` },
      { body, signature: sign(rig, body, seconds - STALE_S) },
      { body, signature: sign(rig, body, seconds + STALE_S) },
      { body: `${other} `, signature: sign(rig, other) },
    ];
    for (const { body: forged, signature } of forgeries) {
      const status = await post(rig, forged, signature);
      if (status !== 400) violations.push(`a forged webhook is answered ${status}`);
    }
    // Signed with the right key, but not true: what counts is what the provider answers when it is asked.
    const status = await post(rig, body, sign(rig, body));
    if (status !== 200) violations.push(`a genuine webhook is answered ${status}`);
    const order = await shopper.find(id);
    if (order.status !== 'PENDING') violations.push(`order ${id} is ${order.status}, and nobody has paid`);
    await shopper.pay(id);
  }
  return violations;
}

/** What the provider would say if the order had been paid. */
async function successOf({ db }: Rig, orderId: string): Promise<string> {
  const { rows } = await db.query<{ id: string; payment_id: string; amount: string; currency: string }>(
    'SELECT id, payment_id, amount, currency FROM payments.sandbox_session WHERE order_id = $1',
    [orderId],
  );
  const [session] = rows;
  if (!session) throw new Error(`${orderId} has no payment yet`);
  const { id: sessionId, payment_id: paymentId, amount, currency } = session;
  const data = { sessionId, paymentId, orderId, amount: Number(amount) / 100, currency, status: 'PAID' };
  return JSON.stringify({ id: crypto.randomUUID(), type: 'payment.succeeded', created: 0, data });
}

function sign({ secrets }: Rig, body: string, seconds = Math.floor(Date.now() / 1000)): string {
  const hmac = createHmac('sha256', secrets.webhook).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hmac}`;
}

async function post({ url }: Rig, body: string, signature: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'sandbox-signature': signature };
  const response = await fetch(`${url}${PATH}`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
}
