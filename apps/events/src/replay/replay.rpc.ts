import { Controller } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import type { CallInput } from '@order-system/contracts/define';
import { GetReplay, StartReplay } from '@order-system/contracts/events.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { JobRunner } from '@order-system/service-host/job-runner';
import { ReplayEvents } from './replay-events.job.js';
import { readReplay } from './replay.read.js';
import { startReplay } from './start-replay.js';

@Controller()
export class ReplayRpc {
  constructor(
    private readonly db: Database,
    private readonly runner: JobRunner,
  ) {}

  @Rpc(StartReplay)
  async start(input: CallInput<typeof StartReplay>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'replay events');
    return this.db.inTx((tx) => {
      tx.afterCommit(() => this.runner.wake(ReplayEvents));
      return once(tx, ctx, StartReplay, input, () => startReplay(tx, input, ctx));
    });
  }

  @Rpc(GetReplay)
  async get({ id }: CallInput<typeof GetReplay>, { actor }: MessageContext) {
    assertStaff(actor, 'see a replay');
    return readReplay(this.db, id);
  }
}
