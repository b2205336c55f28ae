import { Injectable } from '@nestjs/common';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import { RedriveDeadLetter } from '@order-system/contracts/events.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Database, type Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { Redelivery } from '../redelivery.js';

type Outcome = CallOutput<typeof RedriveDeadLetter>;

interface Letter {
  id: string;
  consumer: string;
  /** Null when what came was no JSON, or an event that is none of ours. */
  event: string | null;
  message: Parameters<Redelivery['deliver']>[0]['message'];
}

/**
 * Gives a dead letter to its consumer once more, with no transaction open. Its inbox makes that safe to repeat: when we
 * die before the letter is removed, the next time says duplicate.
 */
@Injectable()
export class RedriveLetter {
  constructor(
    private readonly db: Database,
    private readonly redelivery: Redelivery,
  ) {}

  async execute(input: CallInput<typeof RedriveDeadLetter>, ctx: MessageContext): Promise<Outcome> {
    const [letter] = await this.db.query<Letter>(sql`
      SELECT id, consumer, event_id AS event, message FROM events.dead_letter WHERE id = ${input.id}`);
    const answered = (work: (tx: Tx) => Promise<Outcome>) =>
      this.db.inTx((tx) => once(tx, ctx, RedriveDeadLetter, input, () => work(tx)));
    // A repetition under the same key finds the letter gone, and gets the first answer.
    if (!letter) return answered(() => Promise.reject(notFound('dead letter')));
    const outcome = await this.deliver(letter, ctx);
    return answered((tx) => settle(tx, outcome));
  }

  private async deliver({ id, consumer, event, message }: Letter, ctx: MessageContext): Promise<Outcome> {
    if (event === null)
      return { id, outcome: 'failed', error: 'What came is no event: it can only be dropped.' };
    return { id, ...(await this.redelivery.deliver({ consumer, message, again: false }, ctx)) };
  }
}

async function settle(tx: Tx, outcome: Outcome): Promise<Outcome> {
  const { id, error = 'failed' } = outcome;
  if (outcome.outcome === 'failed')
    await tx.execute(sql`
      UPDATE events.dead_letter SET attempts = attempts + 1, error = ${error}, dead_at = now() WHERE id = ${id}`);
  else await tx.execute(sql`DELETE FROM events.dead_letter WHERE id = ${id}`);
  return outcome;
}
