import type { CallInput } from '@order-system/contracts/define';
import type { SetPreferences } from '@order-system/contracts/notifications.contracts';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

type Input = CallInput<typeof SetPreferences> & { userId: string };

/** Changes the kinds that are named; an empty list means: not at all. */
export async function setPreferences(tx: Tx, { userId, preferences }: Input): Promise<void> {
  const chosen = Object.entries(preferences).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [kind, channels] of chosen)
    await tx.execute(sql`
      INSERT INTO notifications.preference (user_id, kind, channels) VALUES (${userId}, ${kind}, ${[...new Set(channels)]})
      ON CONFLICT (user_id, kind) DO UPDATE SET channels = excluded.channels`);
}
