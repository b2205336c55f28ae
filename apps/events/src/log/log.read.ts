import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { GetEvent, ListEvents } from '@order-system/contracts/events.contracts';
import { type EventRow, fromRow } from '@order-system/messaging/events';
import type { Database } from '@order-system/prisma/database';
import { allOf, plannedAnew, type Sql, sql } from '@order-system/prisma/sql';
import { fromCursor, toCursor } from './cursor.js';

type Filters = CallInput<typeof ListEvents>;
type StoredEvent = CallOutput<typeof GetEvent>;

/** Counting stops here: a total that is this large means "or more". */
const MOST_COUNTED = 100_000;

export async function listEvents(db: Database, input: Filters): Promise<CallOutput<typeof ListEvents>> {
  const { page, limit, cursor } = input;
  const offset = cursor === undefined ? (page - 1) * limit : 0;
  if (offset >= MOST_COUNTED)
    throw new DomainError('VALIDATION_FAILED', 'page: so far back only meta.nextCursor goes on.', {
      errors: [{ path: 'page', message: `must end before event ${MOST_COUNTED}; go on with cursor` }],
    });
  const [rows, [counted]] = await Promise.all([
    db.searches.query<EventRow>(pageOf(input, offset)),
    db.searches.query<{ total: number }>(countOf(input)),
  ]);
  const items = rows.slice(0, limit).map(fromRow);
  const last = items.at(-1);
  const goesOn = rows.length > limit && last !== undefined;
  return {
    items,
    total: counted?.total ?? 0,
    nextCursor: goesOn
      ? toCursor({ occurredAt: last.occurredAt, version: last.aggregate.version, id: last.id })
      : null,
  };
}

export async function readEvent(db: Database, id: string): Promise<StoredEvent> {
  const [row] = await db.query<EventRow>(sql`SELECT * FROM events.event WHERE id = ${id}`);
  if (!row) throw notFound('event');
  return fromRow(row);
}

function pageOf({ cursor, limit, ...filters }: Filters, offset: number): Sql {
  const conditions = conditionsOf(filters);
  if (cursor !== undefined) {
    const { occurredAt, version, id } = fromCursor(cursor);
    // The first of the two is what an index can begin at.
    conditions.push(
      sql`occurred_at <= ${occurredAt}`,
      sql`(occurred_at, aggregate_version, id) < (${occurredAt}, ${version}, ${id})`,
    );
  }
  return plannedAnew(sql`
    SELECT * FROM events.event WHERE ${allOf(conditions)}
    ORDER BY occurred_at DESC, aggregate_version DESC, id DESC LIMIT ${limit + 1} OFFSET ${offset}`);
}

const countOf = (filters: Filters): Sql =>
  plannedAnew(sql`
    SELECT count(*) AS total FROM (
      SELECT FROM events.event WHERE ${allOf(conditionsOf(filters))} LIMIT ${MOST_COUNTED}) AS found`);

/** Only the conditions that were asked for, so that each can use its index. */
function conditionsOf(filters: Omit<Filters, 'cursor' | 'limit'>): Sql[] {
  const { type, aggregateId, correlationId, actorId, from, to } = filters;
  const conditions = [sql`true`];
  if (type !== undefined) conditions.push(sql`type = ${type}`);
  if (aggregateId !== undefined) conditions.push(sql`aggregate_id = ${aggregateId}`);
  if (correlationId !== undefined) conditions.push(sql`correlation_id = ${correlationId}`);
  if (actorId !== undefined) conditions.push(sql`actor ->> 'id' = ${actorId}`);
  if (from !== undefined) conditions.push(sql`occurred_at >= ${from}`);
  if (to !== undefined) conditions.push(sql`occurred_at < ${to}`);
  return conditions;
}
