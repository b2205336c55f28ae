import type { Queries } from '@order-system/testing/oracle';
import { linesOf } from './oracle.ts';

/** Told once for each channel, all of one fact. */
const SEVERAL = ['notification.sent', 'notification.failed'];

/** Whoever handles an event tells at most one thing of a kind about another: the second one is a second handling. */
export const causedTwice = (db: Queries): Promise<string[]> =>
  linesOf(
    db,
    `SELECT format('%s of %s was the cause of %s of %s, %s times', c.type, c.aggregate_id, e.type, e.aggregate_id, count(*))
       AS violation
     FROM events.event e JOIN events.event c ON c.id::text = e.causation_id::text
     WHERE e.type <> ALL($1) GROUP BY c.id, e.type, e.aggregate_id HAVING count(*) > 1`,
    [SEVERAL],
  );
