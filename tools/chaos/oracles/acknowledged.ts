import { lostOrders, type Queries } from '@order-system/testing/oracle';
import type { Told } from '@order-system/testing/shopper';
import { linesOf, type Oracle } from './oracle.ts';

/** The requests whose success promises something, and what must be there for each. */
interface Pledge {
  readonly request: RegExp;
  /** The arguments of `missing`, one row per success. */
  row(told: Told, id: string): unknown[] | undefined;
  readonly columns: string;
  readonly missing: string;
}

const dataOf = (told: Told): Record<string, unknown> =>
  ((told.body as { data?: Record<string, unknown> } | null)?.data ?? {}) as Record<string, unknown>;

const PLEDGES: readonly Pledge[] = [
  {
    request: /^POST \/api\/auth\/register$/,
    row: ({ sent }) => [(sent as { email: string }).email],
    columns: 'email text',
    missing: `SELECT format('the account %s is not there', email) FROM told
      WHERE NOT EXISTS (SELECT FROM auth."user" u WHERE u.email = told.email)`,
  },
  {
    request: /^POST \/api\/payments\/sandbox\/([^/?]+)\?/,
    row: (told, id) => (dataOf(told)['status'] === 'PAID' ? [id] : undefined),
    columns: 'id uuid',
    missing: `SELECT format('session %s was paid and is not', id) FROM told
      WHERE NOT EXISTS (SELECT FROM payments.sandbox_session s WHERE s.id = told.id AND s.status = 'PAID')`,
  },
  {
    request: /^PATCH \/api\/orders\/([^/]+)\/status$/,
    row: ({ sent }, id) => [id, (sent as { status: string }).status],
    columns: 'id uuid, status text',
    missing: `SELECT format('order %s was moved to %s and never was there', id, status) FROM told
      WHERE NOT EXISTS (SELECT FROM orders.order_history h WHERE h.order_id = told.id AND h."to" = told.status)`,
  },
  {
    request: /^POST \/api\/orders\/([^/]+)\/cancel$/,
    row: (_, id) => [id],
    columns: 'id uuid',
    missing: `SELECT format('order %s was cancelled and is not', id) FROM told
      WHERE NOT EXISTS (SELECT FROM orders."order" o WHERE o.id = told.id AND o.status = 'CANCELLED')`,
  },
  {
    request: /^PATCH \/api\/chat\/([^/]+)\/close$/,
    row: ({ sent }, id) => [id, (sent as { summary: string }).summary],
    columns: 'id uuid, summary text',
    missing: `SELECT format('the room of %s was closed and is not', id) FROM told WHERE NOT EXISTS (
      SELECT FROM chat.room r WHERE r.order_id = told.id AND r.closed_at IS NOT NULL AND r.summary = told.summary)`,
  },
  {
    request: /^POST \/api\/chat\/([^/]+)\/messages$/,
    row: (told, id) => [id, dataOf(told)['seq'], (told.sent as { content: string }).content],
    columns: 'id uuid, seq int, content text',
    missing: messageMissing(),
  },
  {
    request: /^SOCKET sendMessage$/,
    row: ({ sent, body }) => {
      const { orderId, content } = sent as { orderId: string; content: string };
      return [orderId, (body as { message: { seq: number } }).message.seq, content];
    },
    columns: 'id uuid, seq int, content text',
    missing: messageMissing(),
  },
  {
    request: /^POST \/api\/payments\/([^/]+)\/refund$/,
    row: ({ sent, key }, id) => [id, key, Math.round((sent as { amount: number }).amount * 100)],
    columns: 'id uuid, key text, amount bigint',
    missing: `SELECT format('%s of payment %s were refunded, not %s', p.refunded, t.id, t.amount)
      FROM (SELECT id, sum(amount) AS amount FROM (SELECT DISTINCT id, key, amount FROM told) d GROUP BY id) t
      LEFT JOIN payments.payment p ON p.id = t.id WHERE p.refunded IS NULL OR p.refunded < t.amount`,
  },
  {
    request: /^POST \/api\/products\/([^/]+)\/restock$/,
    row: ({ sent }, id) => [id, (sent as { reason: string }).reason],
    columns: 'id uuid, note text',
    missing: `SELECT format('product %s was restocked (%s) and was not', id, note) FROM told
      WHERE NOT EXISTS (SELECT FROM catalog.stock_movement m WHERE m.product_id = told.id AND m.note = told.note)`,
  },
];

function messageMissing(): string {
  return `SELECT format('message %s of room %s was stored and is not: %s', seq, id, content) FROM told
    WHERE NOT EXISTS (SELECT FROM chat.message m
      WHERE m.order_id = told.id AND m.seq = told.seq AND m.content = told.content)`;
}

export const acknowledged: Oracle = {
  id: 'O7',
  title: 'what was acknowledged is there, and nobody was turned away',
  look: async ({ db, history, shoppers, problems }) => {
    const kept = history.filter(
      ({ request, status }) => status !== undefined && status < 300 && !request.startsWith('GET'),
    );
    const orders = [...new Set(shoppers.flatMap((shopper) => shopper.acknowledged()))];
    const findings = [...problems, ...(await lostOrders(db, orders)), ...(await roomsWithGaps(db))];
    for (const pledge of PLEDGES) findings.push(...(await brokenOf(db, pledge, kept)));
    return { counted: `${kept.length} successes`, findings };
  },
};

async function brokenOf(db: Queries, pledge: Pledge, kept: readonly Told[]): Promise<string[]> {
  const rows = kept.flatMap((told) => {
    const [matched, id = ''] = pledge.request.exec(told.request) ?? [];
    const row = matched === undefined ? undefined : pledge.row(told, id);
    return row ? [row] : [];
  });
  const names = pledge.columns.split(', ').map((column) => column.split(' ')[0] ?? '');
  const objects = rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
  return linesOf(
    db,
    `WITH told AS (SELECT DISTINCT * FROM jsonb_to_recordset($1::jsonb) AS t(${pledge.columns}))
     SELECT format AS violation FROM (${pledge.missing}) v`,
    [JSON.stringify(objects)],
  );
}

const roomsWithGaps = (db: Queries): Promise<string[]> =>
  linesOf(
    db,
    `SELECT format('room %s is at %s and has %s messages', r.order_id, r.last_seq, m.count) AS violation
     FROM chat.room r JOIN LATERAL (SELECT count(*), max(seq) FROM chat.message WHERE order_id = r.order_id) m
       ON m.count <> r.last_seq OR coalesce(m.max, 0) <> r.last_seq`,
  );
