import { signedIn } from '@order-system/contracts/actor';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import type { StartReplay } from '@order-system/contracts/events.contracts';
import { invalid } from '@order-system/contracts/invalid';
import type { MessageContext } from '@order-system/messaging/context';
import { INBOX_DAYS } from '@order-system/messaging/deliver';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { countApplied, countEvents, createJob, type KnownConsumer } from './replay.store.js';

const DAY_MS = 86_400_000;

type Input = CallInput<typeof StartReplay>;

/** Writes down what is to be done; a job does it. A dry run is done with the counting. */
export async function startReplay(
  tx: Tx,
  input: Input,
  { actor }: MessageContext,
): Promise<CallOutput<typeof StartReplay>> {
  const { dryRun } = input;
  const consumer = await knownConsumer(tx, input.consumer);
  const types = typesOf(input, consumer);
  check(input, consumer);
  const to = await endOf(tx, input);
  const span = { consumer: consumer.consumer, types, from: input.from, to };
  const total = await countEvents(tx, span);
  const skipped = dryRun && !consumer.replayable ? await countApplied(tx, span) : 0;
  return createJob(tx, {
    ...span,
    id: newId(),
    dryRun,
    total,
    skipped,
    createdBy: signedIn(actor),
    status: dryRun || total === 0 ? 'DONE' : 'RUNNING',
    done: dryRun ? total : 0,
  });
}

async function knownConsumer(tx: Tx, name: string): Promise<KnownConsumer> {
  const known = await tx.query<KnownConsumer>(sql`
    SELECT consumer, types, replayable FROM events.consumer_cursor ORDER BY consumer`);
  const consumer = known.find((one) => one.consumer === name);
  if (!consumer) throw invalid('consumer', `must be one of ${known.map((one) => one.consumer).join(', ')}`);
  return consumer;
}

function typesOf({ types }: Input, consumer: KnownConsumer): string[] {
  const foreign = types?.find((type) => !consumer.types.includes(type));
  if (foreign !== undefined)
    throw invalid(
      'types',
      `${consumer.consumer} does not take ${foreign}, only ${consumer.types.join(', ')}`,
    );
  return types ?? consumer.types;
}

/** What comes after now is still on its ordinary way; the database dates events, so its clock says what is now. */
async function endOf(tx: Tx, { to }: Input): Promise<Date> {
  const end = await tx.one<{ to: Date }>(sql`SELECT least(${to}, now()::timestamptz(3)) AS "to"`);
  return end!.to;
}

function check({ from, to }: Input, { consumer, replayable }: KnownConsumer): void {
  if (from >= to) throw invalid('from', 'must be before to');
  const oldest = Date.now() - (INBOX_DAYS - 1) * DAY_MS;
  if (!replayable && from.getTime() < oldest)
    throw invalid(
      'from',
      `${consumer} must not act twice, and what it applied is remembered for ${INBOX_DAYS} days only`,
    );
}
