import { Controller } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import type { CallInput } from '@order-system/contracts/define';
import { DropDeadLetter, ListDeadLetters, RedriveDeadLetter } from '@order-system/contracts/events.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { dropLetter } from './drop-letter.js';
import { listLetters } from './letter.read.js';
import { RedriveLetter } from './redrive-letter.js';

@Controller()
export class LetterRpc {
  constructor(
    private readonly db: Database,
    private readonly redriving: RedriveLetter,
  ) {}

  @Rpc(ListDeadLetters)
  async list(input: CallInput<typeof ListDeadLetters>, { actor }: MessageContext) {
    assertStaff(actor, 'see dead letters');
    return listLetters(this.db, input);
  }

  @Rpc(RedriveDeadLetter)
  async redrive(input: CallInput<typeof RedriveDeadLetter>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'redrive a dead letter');
    return this.redriving.execute(input, ctx);
  }

  @Rpc(DropDeadLetter)
  async drop(input: CallInput<typeof DropDeadLetter>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'drop a dead letter');
    return this.db.inTx((tx) => dropLetter(tx, input, ctx));
  }
}
