import { setTimeout as sleep } from 'node:timers/promises';
import { logger } from '@order-system/observability/logger';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { DeadMessage, EventBroker } from './broker.js';
import { keepDeadLetter } from './dead-letter.js';
import { EventMessage } from './events.js';
import { errorText } from './retry.js';

const log = logger('dead-letters');
const PAUSE_MS = 1000;

/** Empties the broker's own dead-letter queue into the table that people look at. */
export async function drainDeadLetters(
  db: Database,
  broker: EventBroker,
): Promise<{ close(): Promise<void> }> {
  const stopped = new AbortController();
  const queue = await broker.drain?.(async (dead) => {
    // Given back, a message would count as delivered once more, and newer brokers drop it after some times.
    for (;;) {
      try {
        return await keep(db, dead);
      } catch (error) {
        log.warn({ consumer: dead.consumer, err: errorText(error) }, 'a dead letter waits for the database');
        await sleep(PAUSE_MS, undefined, { signal: stopped.signal });
      }
    }
  });
  return {
    close: async () => {
      stopped.abort();
      await queue?.close();
    },
  };
}

async function keep(db: Database, { consumer, raw, text, deliveries }: DeadMessage): Promise<void> {
  const eventId = EventMessage.safeParse(raw).data?.id ?? null;
  const [applied] = await db.query(
    sql`SELECT FROM events.inbox WHERE event_id = ${eventId} AND consumer = ${consumer}`,
  );
  // It was applied, and the process died before it could say so.
  if (applied) return;
  log.error({ consumer, event: eventId }, 'the broker gave up on a message: it is now a dead letter');
  const error = `its consumer died ${deliveries} times while it had this message`;
  await keepDeadLetter(db, { consumer, eventId, message: raw ?? { text }, error, attempts: deliveries });
}
