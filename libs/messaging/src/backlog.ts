import { deadLetters, outboxEvents } from '@order-system/observability/metrics';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Consumer } from './consumer.js';

/** Shows in the metrics what a service has left to publish, and what its consumers have given up on. */
export function showBacklog(db: Database, service: string, consumers: readonly Consumer[]): { hide(): void } {
  const names = consumers.map(({ name }) => name);
  const hideOutbox = outboxEvents.from(async () => {
    const [row] = await db.query<{ value: number }>(sql`
      SELECT count(*) AS value FROM events.outbox WHERE source = ${service}`);
    return [{ labels: { service }, value: row?.value ?? 0 }];
  });
  const hideLetters = deadLetters.from(async () => {
    const rows = await db.query<{ consumer: string; value: number }>(sql`
      SELECT c.consumer, count(d.id) AS value
      FROM unnest(${names}::text[]) AS c(consumer) LEFT JOIN events.dead_letter d ON d.consumer = c.consumer
      GROUP BY c.consumer`);
    return rows.map(({ consumer, value }) => ({ labels: { consumer }, value }));
  });
  return {
    hide: () => {
      hideOutbox();
      hideLetters();
    },
  };
}
