import { Controller, Post } from '@nestjs/common';
import type { CallInput } from '@order-system/contracts/define';
import { Announce } from '@order-system/contracts/notifications.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { success } from '../http/answer.js';
import { Input } from '../http/input.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

@Controller('announcements')
export class AnnouncementsController {
  constructor(private readonly rpc: RpcClient) {}

  @Post()
  @Operation({
    summary: 'Tell something to everyone who is connected',
    who: 'admin',
    call: Announce,
    status: 201,
    example: { message: 'We are closed on Monday.' },
  })
  async announce(@Input(Announce) input: CallInput<typeof Announce>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(Announce, input, ctx));
  }
}
