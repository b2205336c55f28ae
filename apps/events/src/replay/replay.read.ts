import type { CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { GetReplay } from '@order-system/contracts/events.contracts';
import type { Database } from '@order-system/prisma/database';

type Job = CallOutput<typeof GetReplay>;

export async function readReplay(db: Database, id: string): Promise<Job> {
  const job = await db.prisma.replayJob.findUnique({ where: { id } });
  if (!job) throw notFound('replay');
  // The column holds the contract's values.
  return { ...job, status: job.status as Job['status'] };
}
