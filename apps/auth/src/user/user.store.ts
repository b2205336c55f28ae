import { UserCreated, UserDeleted, UserUpdated } from '@order-system/contracts/auth.contracts';
import type { Role } from '@order-system/contracts/primitives';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { isDuplicate } from '@order-system/prisma/sql-errors';
import type { CheckedPassword } from '../password/check-password.js';
import { type Account, emailTaken } from './user.rules.js';

interface UserRow {
  id: string;
  email: string;
  password_hash: string;
  role: Role;
  name: string | null;
  phone: string | null;
  version: number;
  created_at: Date;
}

const toAccount = (row: UserRow): Account => ({
  id: row.id,
  email: row.email,
  passwordHash: row.password_hash,
  role: row.role,
  name: row.name,
  phone: row.phone,
  version: row.version,
  createdAt: row.created_at,
});

export const aggregateOf = ({ id, version }: Pick<Account, 'id' | 'version'>) => ({
  type: 'user',
  id,
  version,
});

type NewAccount = Pick<Account, 'id' | 'email' | 'passwordHash' | 'role' | 'name' | 'phone'>;

/** Stores a new account; undefined when the e-mail address is taken. */
export async function insertUser(
  tx: Tx,
  user: NewAccount,
  ctx: MessageContext,
): Promise<Account | undefined> {
  const row = await tx.one<UserRow>(sql`
    INSERT INTO auth."user" (id, email, password_hash, role, name, phone)
    VALUES (${user.id}, ${user.email}, ${user.passwordHash}, ${user.role}, ${user.name}, ${user.phone})
    ON CONFLICT (email) DO NOTHING RETURNING *`);
  if (!row) return undefined;
  const account = toAccount(row);
  await emit(tx, ctx, [fact(UserCreated, aggregateOf(account), { userId: account.id, role: account.role })]);
  return account;
}

export async function findAccount(tx: Tx, id: string): Promise<Account | undefined> {
  const row = await tx.one<UserRow>(sql`SELECT * FROM auth."user" WHERE id = ${id} AND deleted_at IS NULL`);
  return row && toAccount(row);
}

/** Takes the next version for an event; undefined when the password is no longer the one that was checked. */
export async function nextVersion(
  tx: Tx,
  { userId, passwordHash }: CheckedPassword,
): Promise<Account | undefined> {
  const row = await tx.one<UserRow>(sql`
    UPDATE auth."user" SET version = version + 1
    WHERE id = ${userId} AND password_hash = ${passwordHash} AND deleted_at IS NULL RETURNING *`);
  return row && toAccount(row);
}

export async function lockUser(tx: Tx, id: string): Promise<Account | undefined> {
  const row = await tx.one<UserRow>(
    sql`SELECT * FROM auth."user" WHERE id = ${id} AND deleted_at IS NULL FOR UPDATE`,
  );
  return row && toAccount(row);
}

export async function lockUserByEmail(tx: Tx, email: string): Promise<Account | undefined> {
  const row = await tx.one<UserRow>(sql`SELECT * FROM auth."user" WHERE email = ${email} FOR UPDATE`);
  return row && toAccount(row);
}

export async function hasAdmin(tx: Tx): Promise<boolean> {
  return (await tx.one(sql`SELECT 1 FROM auth."user" WHERE role = 'admin' LIMIT 1`)) !== undefined;
}

/**
 * Locks all admins and one user more. Whoever takes an admin away does this first, so two cannot each take the other
 * for the last one; the order keeps them from a deadlock.
 */
export async function lockAdminsAnd(
  tx: Tx,
  id: string,
): Promise<{ admins: Account[]; user: Account | undefined }> {
  const rows = await tx.query<UserRow>(sql`
    SELECT * FROM auth."user" WHERE deleted_at IS NULL AND id IN (
      SELECT id FROM auth."user" WHERE role = 'admin' UNION ALL SELECT ${id}::uuid
    ) ORDER BY id FOR UPDATE`);
  const accounts = rows.map(toAccount);
  return {
    admins: accounts.filter((account) => account.role === 'admin'),
    user: accounts.find((account) => account.id === id),
  };
}

/** Stores a locked account with the event that says which fields changed. Throws EMAIL_TAKEN. */
export async function saveUser(
  tx: Tx,
  after: Account,
  changed: string[],
  ctx: MessageContext,
): Promise<void> {
  const version = after.version + 1;
  try {
    // Looked for first: PostgreSQL writes the address that breaks a constraint into its log.
    const saved = await tx.execute(sql`
      UPDATE auth."user" SET email = ${after.email}, password_hash = ${after.passwordHash}, role = ${after.role},
        name = ${after.name}, phone = ${after.phone}, version = ${version}, updated_at = now()
      WHERE id = ${after.id}
        AND NOT EXISTS (SELECT FROM auth."user" u WHERE u.email = ${after.email} AND u.id <> ${after.id})`);
    if (saved === 0) throw emailTaken();
  } catch (error) {
    throw isDuplicate(error) ? emailTaken() : error;
  }
  await emit(tx, ctx, [
    fact(UserUpdated, aggregateOf({ id: after.id, version }), {
      userId: after.id,
      role: after.role,
      changed,
    }),
  ]);
}

/** Removes from a locked account all that names the person; the row stays, as others know its id. */
export async function eraseUser(tx: Tx, { id, version }: Account, ctx: MessageContext): Promise<void> {
  await tx.execute(sql`
    UPDATE auth."user" SET email = NULL, password_hash = NULL, name = NULL, phone = NULL, role = 'user',
      version = ${version + 1}, updated_at = now(), deleted_at = now()
    WHERE id = ${id}`);
  await emit(tx, ctx, [fact(UserDeleted, aggregateOf({ id, version: version + 1 }), { userId: id })]);
}
