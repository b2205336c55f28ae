import type { CallInput, CallOutput } from '@order-system/contracts/define';
import type { GetEventStats } from '@order-system/contracts/events.contracts';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
const MOST_HOURS = 744;

interface Group {
  type: string | null;
  hour: Date | null;
  events: number;
  first: Date;
}

/** The types that the log has: a look into the index of types for each. */
const TYPES = sql`
  (SELECT type FROM events.event ORDER BY type LIMIT 1)
  UNION ALL
  SELECT (SELECT e.type FROM events.event e WHERE e.type > k.type ORDER BY e.type LIMIT 1)
  FROM kind k WHERE k.type IS NOT NULL`;

/**
 * Without `from` the week before `to`; without `to` up to the last event: the clock here may be behind that of the database,
 * which dates the events. The rate is that since the first event of the span. Type by type, since the index has a type's
 * events by their time: a span of it is read, and nothing before it.
 */
export async function readStats(
  db: Database,
  input: CallInput<typeof GetEventStats>,
): Promise<CallOutput<typeof GetEventStats>> {
  const now = new Date();
  const { to, from = new Date((to ?? now).getTime() - WEEK_MS) } = input;
  const groups = await db.searches.query<Group>(sql`
    WITH RECURSIVE kind AS (${TYPES})
    SELECT k.type, part.hour, sum(part.events)::int8 AS events, min(part.first) AS first
    FROM kind k CROSS JOIN LATERAL (
      SELECT date_bin('1 hour', occurred_at, 'epoch') AS hour, count(*) AS events, min(occurred_at) AS first
      FROM events.event e WHERE e.type = k.type AND occurred_at >= ${from} AND occurred_at < ${to ?? 'infinity'} GROUP BY 1
    ) AS part
    GROUP BY GROUPING SETS ((k.type), (part.hour)) ORDER BY events DESC, k.type, part.hour`);
  const byType = groups.flatMap(({ type, events }) => (type === null ? [] : [{ type, events }]));
  const byHour = groups.flatMap(({ hour, events }) => (hour === null ? [] : [{ hour, events }]));
  const total = byType.reduce((sum, { events }) => sum + events, 0);
  const first = Math.min(...groups.map((group) => group.first.getTime()));
  const end = Math.min(to?.getTime() ?? Infinity, now.getTime());
  const minutes = Math.max(1, (end - first) / MINUTE_MS);
  return {
    total,
    perMinute: total === 0 ? 0 : Math.round((100 * total) / minutes) / 100,
    byType,
    byHour: byHour.sort((a, b) => a.hour.getTime() - b.hour.getTime()).slice(-MOST_HOURS),
  };
}
