import type { Database } from '@order-system/prisma/database';
import { apply, HandlerFailure, type Known, type Outcome } from './apply.js';
import type { Consumer } from './consumer.js';

type Settled = PromiseSettledResult<Outcome>;

/**
 * Applies events of different aggregates in as few transactions as possible. One whose handler throws leaves the batch
 * and costs the others no attempt.
 */
export async function applyTogether(db: Database, consumer: Consumer, events: Known[]): Promise<Settled[]> {
  const settled = new Map<Known, Settled>();
  let left = events;
  while (left.length > 0) {
    try {
      const outcomes = await apply(db, consumer, left);
      for (const [index, known] of left.entries())
        settled.set(known, { status: 'fulfilled', value: outcomes[index]! });
    } catch (error) {
      await blame(error);
    }
    left = left.filter((known) => !settled.has(known));
  }
  return events.map((known) => settled.get(known)!);

  /** Nobody in particular is to blame for a failed COMMIT: then each goes alone. */
  async function blame(error: unknown): Promise<void> {
    if (error instanceof HandlerFailure)
      settled.set(error.known, { status: 'rejected', reason: error.cause });
    else if (left.length === 1) settled.set(left[0]!, { status: 'rejected', reason: error });
    else
      for (const known of left) {
        const [alone] = await applyTogether(db, consumer, [known]);
        settled.set(known, alone!);
      }
  }
}
