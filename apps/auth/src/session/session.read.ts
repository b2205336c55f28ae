import type { CheckSession } from '@order-system/contracts/auth.contracts';
import type { CallOutput } from '@order-system/contracts/define';
import type { Role } from '@order-system/contracts/primitives';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

/** Asked at every request that is not answered from a cache. */
export async function checkSession(
  db: Database,
  sessionId: string,
): Promise<CallOutput<typeof CheckSession>> {
  const [session] = await db.query<{ userId: string; role: Role }>(sql`
    SELECT u.id AS "userId", u.role FROM auth.session s JOIN auth."user" u ON u.id = s.user_id
    WHERE s.id = ${sessionId} AND s.ended_at IS NULL AND s.expires_at > now() AND u.deleted_at IS NULL`);
  return { session: session ?? null };
}
