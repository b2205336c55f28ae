import { newId } from '@order-system/prisma/id';
import type pg from 'pg';

interface WrongEvent {
  id: string;
  type: string;
  version: number;
  aggregateId: string;
  aggregateVersion?: number;
  data: object;
  actor?: unknown;
  agedSeconds?: number;
  quiet?: boolean;
}

/** Stores an event as no program of ours would, and has it published unless it is `quiet`. */
export async function storeEvent(database: pg.Pool, event: WrongEvent): Promise<void> {
  const {
    id,
    type,
    version,
    aggregateId,
    aggregateVersion = 1,
    data,
    actor = { id: null, role: 'system' },
    agedSeconds = 0,
    quiet = false,
  } = event;
  await database.query(
    `WITH stored AS (
       INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
         correlation_id, occurred_at)
       VALUES ($1::uuid, $2, $3, 'order', $4::uuid, $5::int, $6, $9, 'poison',
         now() - $7 * interval '1 second'))
     INSERT INTO events.outbox (event_id, source, aggregate_id, aggregate_version)
     SELECT $1::uuid, 'orders', $4::uuid, $5::int WHERE NOT $8::boolean`,
    [id, type, version, aggregateId, aggregateVersion, data, agedSeconds, quiet, JSON.stringify(actor)],
  );
}

/** What happened to an order, as it is stored. */
export const orderFact = (orderId: string, userId: string) => ({
  orderId,
  number: 99_999,
  userId,
  kind: 'CUSTOM',
  status: 'REVIEW',
  previousStatus: null,
  paymentStatus: 'NOT_REQUIRED',
  total: 0,
  currency: 'USD',
  payBefore: null,
  createdAt: new Date().toISOString(),
});

/** What RabbitMQ may hand to a consumer when somebody else writes into its queue. */
export function poisonFor(orderId: string): { content: string; reason: RegExp }[] {
  const good = {
    id: newId(),
    type: 'order.created',
    version: 1,
    aggregate: { type: 'order', id: orderId, version: 1 },
    data: orderFact(orderId, newId()),
    actor: { id: null, role: 'system' },
    correlationId: 'poison',
    causationId: null,
    occurredAt: new Date().toISOString(),
  };
  const but = (more: object) => JSON.stringify({ ...good, id: newId(), ...more });
  const other = () => ({ type: 'order', id: newId(), version: 1 });
  return [
    ...['{"id":', '', 'null', '[]', '"text"', '12', '{}'].map((content) => ({
      content,
      reason: /not an event/,
    })),
    { content: `${'['.repeat(10_000)}${']'.repeat(10_000)}`, reason: /not an event/ },
    { content: `{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, reason: /not an event/ },
    { content: JSON.stringify({ text: 'x'.repeat(5_000_000) }), reason: /not an event/ },
    { content: but({ id: 'x', aggregate: other() }), reason: /not an event/ },
    { content: but({ aggregate: undefined }), reason: /not an event/ },
    { content: but({ occurredAt: 'yesterday', aggregate: other() }), reason: /not an event/ },
    {
      content: but({ type: 'order.exploded', aggregate: other() }),
      reason: /does not know order\.exploded\.v1/,
    },
    {
      content: but({ type: 'order.\u0000', aggregate: other() }),
      reason: /does not know order\.\.v1/,
    },
    { content: but({ version: 9, aggregate: other() }), reason: /does not know order\.created\.v9/ },
    { content: but({ data: { orderId: '\u0000' }, aggregate: other() }), reason: /order\.created\.v1/ },
    { content: but({ data: null, aggregate: other() }), reason: /order\.created\.v1/ },
  ];
}
