import { randomUUID } from 'node:crypto';
import type { Role } from '@order-system/contracts/primitives';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import bcrypt from 'bcrypt';
import type { Account } from './user.rules.js';
import { insertUser } from './user.store.js';

export const PASSWORD = 'Secret123';
const CHEAPEST = 4;

export async function givenUser(
  db: Database,
  {
    role = 'user',
    email = `${randomUUID()}@example.com`,
    name = null,
  }: { role?: Role; email?: string; name?: string | null } = {},
): Promise<Account> {
  const passwordHash = await bcrypt.hash(PASSWORD, CHEAPEST);
  const account = await db.inTx((tx) =>
    insertUser(tx, { id: newId(), email, passwordHash, role, name, phone: null }, systemContext()),
  );
  if (!account) throw new Error(`${email} is taken`);
  return account;
}

export const as = (account: Pick<Account, 'id' | 'role'>, sessionId?: string): MessageContext => ({
  ...systemContext(),
  actor: { id: account.id, role: account.role, sessionId },
});

export const asGuest = (): MessageContext => ({ ...systemContext(), actor: { id: null, role: 'guest' } });

/** The types of the events of a user, in their order. */
export const eventsOf = (
  db: Database,
  userId: string,
): Promise<{ type: string; version: number; data: Record<string, unknown>; queued: boolean }[]> =>
  db.query(sql`
    SELECT e.type, e.aggregate_version AS version, e.data, o.event_id IS NOT NULL AS queued
    FROM events.event e LEFT JOIN events.outbox o ON o.event_id = e.id
    WHERE e.aggregate_id = ${userId} ORDER BY e.aggregate_version`);
