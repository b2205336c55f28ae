import { randomInt, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Answer, Connection } from './connection.ts';
import { type Notes, pause } from './measure.ts';

export interface Shopper {
  readonly connection: Connection;
  readonly token: string;
}

const FIRST_LOOK_MS = 5;
const LONGEST_PAUSE_MS = 100;
const PAID_WITHIN_MS = 20_000;

/** From an empty basket to an order that is paid and in the works, as a customer of the API would do it. */
export async function purchase(shopper: Shopper, products: readonly string[], notes: Notes): Promise<void> {
  const { connection, token } = shopper;
  const post = async (status: number, path: string, body: unknown, key?: string) => {
    notes.count('requests');
    return dataOf(
      await connection.post(path, body, { token, ...(key === undefined ? {} : { key }) }),
      status,
    );
  };
  const { id: basketId } = await post(201, '/api/basket', {});
  for (const productId of twoOf(products))
    await post(200, `/api/basket/${basketId}/items`, { productId, quantity: 1 });

  const askedAt = performance.now();
  const order = { basketId, paymentMethod: 'SANDBOX' };
  const placed = await post(201, '/api/orders', order, randomUUID());
  notes.latency('placing', performance.now() - askedAt);
  if (placed.paymentUrl === undefined) throw new Error('POST /orders answered without a paymentUrl');

  const { pathname, search } = new URL(placed.paymentUrl);
  notes.count('requests');
  dataOf(await connection.post(pathname + search, { outcome: 'pay' }), 200);
  await untilInProcess(shopper, placed.order?.id, notes);
}

interface Data {
  readonly id?: string;
  readonly order?: { readonly id: string };
  readonly paymentUrl?: string;
  readonly status?: string;
}

async function untilInProcess(shopper: Shopper, orderId: string | undefined, notes: Notes): Promise<void> {
  const { connection, token } = shopper;
  const deadline = performance.now() + PAID_WITHIN_MS;
  for (
    let delay = FIRST_LOOK_MS;
    performance.now() < deadline;
    delay = Math.min(delay * 1.5, LONGEST_PAUSE_MS)
  ) {
    await pause(delay);
    notes.count('requests');
    const { status } = dataOf(await connection.get(`/api/orders/${orderId}`, token), 200);
    if (status === 'PROCESSING') return;
    if (status !== 'PENDING') throw new Error(`the order became ${status}`);
  }
  throw new Error(`the order was not in process within ${PAID_WITHIN_MS / 1_000} s`);
}

function dataOf({ status, body }: Answer, expected: number): Data {
  if (status !== expected) throw new Error(`${status} instead of ${expected}: ${body.slice(0, 300)}`);
  return (JSON.parse(body) as { data: Data }).data;
}

function twoOf(products: readonly string[]): string[] {
  const first = randomInt(products.length);
  const second = (first + 1 + randomInt(products.length - 1)) % products.length;
  return [products[first] ?? '', products[second] ?? ''];
}
