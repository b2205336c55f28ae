import { redeliver } from '@order-system/contracts/events.contracts';
import { notFound } from '@order-system/contracts/errors';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { logger } from '@order-system/observability/logger';
import type { Database } from '@order-system/prisma/database';
import { isUnavailable } from '@order-system/prisma/sql-errors';
import type { MessageHandler } from '@nestjs/microservices';
import type { Consumer } from './consumer.js';
import { deliver, INBOX_DAYS, readMessage } from './deliver.js';
import { errorText } from './retry.js';

const log = logger('redeliver');

const DAY_MS = 86_400_000;
/** A day early: the row that remembers may go at any moment. */
const isForgotten = (occurredAt: Date): boolean =>
  occurredAt.getTime() < Date.now() - (INBOX_DAYS - 1) * DAY_MS;

type Redeliver = ReturnType<typeof redeliver>;

/**
 * Gives an event to one of the service's consumers outside of the broker: a dead letter after the fix, or a replay.
 * A consumer that must not act twice gets an event again only if it has not applied it.
 */
export function redeliverHandler(
  service: string,
  db: Database,
  consumers: readonly Consumer[],
): { name: string; handler: MessageHandler; extras: { call: Redeliver } } {
  const call = redeliver(service);
  const handle = async (input: CallInput<Redeliver>): Promise<CallOutput<Redeliver>> => {
    const consumer = consumers.find(({ name }) => name === input.consumer);
    if (!consumer) throw notFound('consumer');
    try {
      const message = readMessage(input.message);
      if (input.again && !consumer.replayable && isForgotten(message.occurredAt))
        return {
          outcome: 'failed',
          error: `too old: nobody remembers whether ${consumer.name} has applied it`,
        };
      return { outcome: await deliver(db, consumer, message, { again: input.again && consumer.replayable }) };
    } catch (err) {
      // The event is not to blame.
      if (isUnavailable(err)) throw err;
      log.warn({ err, consumer: consumer.name }, 'an event could not be redelivered');
      return { outcome: 'failed', error: errorText(err) };
    }
  };
  return { name: call.name, handler: handle as MessageHandler, extras: { call } };
}
