import type { CallInput, CallOutput } from '@order-system/contracts/define';
import type { ListDeadLetters } from '@order-system/contracts/events.contracts';
import type { Database } from '@order-system/prisma/database';

type Letter = CallOutput<typeof ListDeadLetters>['items'][number];

/** Newest first. */
export async function listLetters(
  db: Database,
  { page, limit, consumer }: CallInput<typeof ListDeadLetters>,
): Promise<CallOutput<typeof ListDeadLetters>> {
  const where = consumer === undefined ? {} : { consumer };
  const [rows, total] = await Promise.all([
    db.prisma.deadLetter.findMany({
      where,
      orderBy: [{ deadAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    db.prisma.deadLetter.count({ where }),
  ]);
  return { items: rows.map((row) => ({ ...row, message: row.message as Letter['message'] })), total };
}
