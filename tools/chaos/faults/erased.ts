import { eventually } from '@order-system/messaging/testing/eventually';
import { Shopper } from '@order-system/testing/shopper';
import type { Rig } from '../fault.ts';

const WELCOMED_WITHIN_MS = 60_000;

export interface Erased {
  readonly id: string;
  readonly email: string;
}

/** Somebody who has deleted the account, after the mail that welcomed them. */
export async function eraseSomebody({ url, db, mails }: Rig): Promise<Erased> {
  const person = await new Shopper(url).signUp();
  const { email } = person;
  await eventually(() => {
    if (!mails().some(({ to }) => to.includes(email))) throw new Error(`${email} was not welcomed`);
  }, WELCOMED_WITHIN_MS);
  const { rows } = await db.query<{ id: string }>('SELECT id FROM auth."user" WHERE email = $1', [email]);
  // Whose first request got no answer has no session any more.
  await person.insist('DELETE /api/users/profile', { settled: [401] });
  return { id: rows[0]!.id, email };
}

/** What is to be found of them, a line each. */
export async function tracesOf({ db }: Rig, { id, email }: Erased): Promise<string[]> {
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.query(`SELECT FROM ${name} t WHERE position($1 IN t::text) > 0 LIMIT 1`, [
      email,
    ]);
    if (rows.length > 0) found.push(`${name} has the address of somebody who was erased`);
  }
  const { rows: texts } = await db.query(
    "SELECT FROM notifications.notification WHERE user_id = $1 AND (title <> '' OR body <> '')",
    [id],
  );
  return texts.length > 0 ? [...found, 'a replay has told somebody who was erased something'] : found;
}
