import type { GetContacts, ListUsers, User } from '@order-system/contracts/auth.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { Role } from '@order-system/contracts/primitives';
import type { Database } from '@order-system/prisma/database';
import { sql, wordsLike } from '@order-system/prisma/sql';

const shown = { id: true, email: true, role: true, name: true, phone: true, createdAt: true } as const;

const toContract = ({
  role,
  email,
  ...row
}: Omit<User, 'email' | 'role'> & { email: string | null; role: string }) => ({
  ...row,
  email: email ?? '',
  role: Role.parse(role),
});

export async function findUser(db: Database, id: string): Promise<User | undefined> {
  const row = await db.prisma.user.findFirst({ where: { id, deletedAt: null }, select: shown });
  return row ? toContract(row) : undefined;
}

export const findContacts = (
  db: Database,
  ids: string[],
): Promise<CallOutput<typeof GetContacts>['contacts']> =>
  db.query(sql`SELECT id, email, name, phone FROM auth."user" WHERE id = ANY(${ids}) AND deleted_at IS NULL`);

const matches = (word: string) => {
  const contains = { contains: word, mode: 'insensitive' as const };
  return { OR: [{ email: contains }, { name: contains }] };
};

/** Oldest first. */
export async function listUsers(
  db: Database,
  { page, limit, search, role }: CallInput<typeof ListUsers>,
): Promise<CallOutput<typeof ListUsers>> {
  const where = {
    deletedAt: null,
    role,
    ...(search === undefined ? {} : { AND: wordsLike(search).map(matches) }),
  };
  const [rows, total] = await Promise.all([
    db.prisma.user.findMany({
      where,
      select: shown,
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    db.prisma.user.count({ where }),
  ]);
  return { items: rows.map(toContract), total };
}
