import { randomUUID } from 'node:crypto';
import { eventually } from '@order-system/messaging/testing/eventually';
import { publishRaw, publishUnasked } from '@order-system/messaging/testing/publish-raw';
import type { Fault, Rig } from '../fault.ts';
import { newProduct } from '../new-product.ts';

const CONSUMERS = ['catalog.orders', 'orders.payments', 'chat.orders', 'notifications.facts'];
/** What the poison may cost those who come after it. */
const MOST_DELAY_MS = 5000;
const PURCHASES = 5;
const PATIENCE_MS = 60_000;

interface Letter {
  readonly id: string;
  readonly consumer: string;
  readonly aggregate: string | null;
  readonly error: string;
  readonly attempts: number;
}

let violations: string[] = [];

export const f11: Fault = {
  id: 'F11',
  title: 'messages that nobody can apply',
  async inject(rig) {
    violations = [];
    const messages = poison();
    const unasked = `nobody asks for it: ${randomUUID()}`;
    const kept = await publishUnasked(rig.broker, 'order.exploded.v1', unasked);
    if (kept !== unasked) violations.push(`what nobody had asked for was kept as "${kept}"`);
    const productId = await newProduct(rig);
    const orderId = await failingOrder(rig, productId);
    for (const consumer of CONSUMERS) await publishRaw(rig.broker, consumer, messages);
    const slowest = Math.max(
      ...(await Promise.all(Array.from({ length: PURCHASES }, () => buy(rig, productId)))),
    );
    if (slowest > MOST_DELAY_MS) violations.push(`a purchase beside the poison took ${slowest} ms`);

    const expected = CONSUMERS.length * messages.length + 1;
    const letters = await eventually(async () => {
      const found = await deadLetters(rig);
      if (found.length < expected)
        throw new Error(`${found.length} of ${expected} bad messages are dead letters`);
      return found;
    }, PATIENCE_MS);
    rig.log(
      `${letters.length} dead letters of ${expected} bad messages; the slowest purchase took ${slowest} ms`,
    );
    const most = (rig.platform.env['RETRY_LADDER'] ?? '').split(',').length + 1;
    for (const { consumer, error, attempts } of letters)
      if (attempts > most || error === '')
        violations.push(`${consumer} gave up after ${attempts} attempts, saying "${error}"`);
    await rig.db.query('DROP FUNCTION chat.refuse CASCADE');
    await clear(rig, letters, orderId);
  },
  check: async () => violations,
};

/** What may stand in a queue when somebody else writes into it. */
function poison(): string[] {
  const good = () => ({
    id: randomUUID(),
    type: 'order.created',
    version: 1,
    data: {},
    correlationId: 'poison',
    actor: { id: null, role: 'system' },
    causationId: null,
    occurredAt: new Date().toISOString(),
    aggregate: { type: 'order', id: randomUUID(), version: 1 },
  });
  const but = (more: object) => JSON.stringify({ ...good(), ...more });
  return [
    '{"id":',
    '',
    'null',
    '[]',
    '{}',
    `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    JSON.stringify({ text: 'x'.repeat(5_000_000) }),
    but({ aggregate: undefined }),
    but({ occurredAt: 'yesterday' }),
    but({ id: 'x' }),
    but({ type: 'order.exploded' }),
    but({ version: 9 }),
    but({ data: null }),
    but({ data: { orderId: '\0' } }),
    but({ data: ofAKindToCome() }),
  ];
}

/** As a next version may write it. */
const ofAKindToCome = () => ({
  orderId: randomUUID(),
  number: 1,
  userId: randomUUID(),
  kind: 'SUBSCRIPTION',
  status: 'PENDING',
  previousStatus: null,
  paymentStatus: 'PENDING',
  total: 1,
  currency: 'USD',
  payBefore: null,
  createdAt: new Date().toISOString(),
});

/** An order whose room cannot be made, whatever is tried, until the function that refuses it is gone. */
async function failingOrder({ shopper, db }: Rig, productId: string): Promise<string> {
  const unlucky = await shopper();
  const { rows } = await db.query<{ id: string }>('SELECT id FROM auth."user" WHERE email = $1', [
    unlucky.email,
  ]);
  await db.query(`
    CREATE FUNCTION chat.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no room today'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON chat.room FOR EACH ROW WHEN (NEW.user_id = '${rows[0]!.id}')
      EXECUTE FUNCTION chat.refuse()`);
  return (await unlucky.place({ items: [{ productId, quantity: 1 }] })).id;
}

/** Milliseconds until an order was paid and on its way. */
async function buy({ shopper }: Rig, productId: string): Promise<number> {
  const buyer = await shopper();
  const from = performance.now();
  const { id } = await buyer.place({ items: [{ productId, quantity: 1 }] });
  await buyer.pay(id);
  await buyer.waitUntilSettled(id);
  return Math.round(performance.now() - from);
}

async function deadLetters({ db }: Rig): Promise<Letter[]> {
  const { rows } = await db.query<Letter>(`
    SELECT id, consumer, message #>> '{aggregate,id}' AS aggregate, error, attempts FROM events.dead_letter`);
  return rows;
}

/** Staff give the good event to its consumer again, and throw the rest away. */
async function clear({ staff }: Rig, letters: readonly Letter[], orderId: string): Promise<void> {
  const admin = await staff();
  for (const { id, aggregate, consumer } of letters) {
    const path = `/api/events/dead-letters/${id}`;
    if (aggregate !== orderId) {
      const { status } = await admin.ask(`DELETE ${path}`);
      if (status !== 204) violations.push(`a dead letter of ${consumer} cannot be dropped: ${status}`);
      continue;
    }
    const { body } = await admin.ask(`POST ${path}/redrive`, { body: {} });
    const { outcome } = (body as { data?: { outcome?: string } }).data ?? {};
    if (outcome !== 'consumed')
      violations.push(`what failed is not applied after the mending: ${JSON.stringify(body)}`);
  }
}
