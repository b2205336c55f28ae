import { Controller, Get, Patch, Post, Res } from '@nestjs/common';
import {
  ChatMessage,
  CloseRoom,
  GetRoom,
  GetTranscript,
  ListMessages,
  ListRooms,
  MarkRead,
  SendMessage,
} from '@order-system/contracts/chat.contracts';
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { pageOf } from '../http/answer.js';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Input } from '../http/input.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

const messages = {
  description:
    'Ascending by seq. after: what came since; before: the last ones before it; neither: the first ones. ' +
    'meta.total counts what they leave, meta.lastSeq is the last one of the room.',
  who: 'user',
  call: ListMessages,
  output: z.object({ items: z.array(ChatMessage), total: z.int(), lastSeq: z.int() }),
  answer: 'page',
  fails: ['NOT_FOUND'],
} as const;
const sending = {
  description: 'The same clientMessageId again answers with the stored message again.',
  who: 'user',
  call: SendMessage,
  status: 201,
  fails: ['NOT_FOUND', 'ROOM_CLOSED', 'STALE_WRITE'],
  example: { content: 'When will it be ready?', clientMessageId: 'c1d4-1' },
} as const;
const closing = {
  description:
    'For ever. An order in REVIEW moves to PROCESSING with it; a quote is what it then costs. Send the orderUpdatedAt ' +
    'of what was agreed on, or a change that its customer makes meanwhile is agreed to unseen.',
  who: 'admin',
  call: CloseRoom,
  fails: ['NOT_FOUND', 'ROOM_CLOSED', 'ILLEGAL_TRANSITION', 'ORDER_CHANGED', 'STALE_WRITE'],
  example: { summary: 'Oak, 120 x 60 cm, oiled; ready in three weeks.', quote: 480 },
} as const;

@Controller('chat')
export class ChatController {
  constructor(
    private readonly rpc: RpcClient,
    private readonly forwarder: Forwarder,
  ) {}

  @Get('rooms')
  @Operation({
    summary: 'The inbox: unread rooms first',
    who: 'admin',
    call: ListRooms,
    answer: 'page',
  })
  rooms(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':orderId')
  @Operation({ summary: "An order's room", who: 'user', call: GetRoom, fails: ['NOT_FOUND'] })
  room(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':orderId/messages')
  @Operation({ summary: 'The messages of a room', ...messages })
  messages(@Input(ListMessages) input: CallInput<typeof ListMessages>, @Context() ctx: MessageContext) {
    return this.list(input, ctx);
  }

  @Get(':orderId/history')
  @Operation({ summary: 'The messages of a room, under their older name', ...messages })
  history(@Input(ListMessages) input: CallInput<typeof ListMessages>, @Context() ctx: MessageContext) {
    return this.list(input, ctx);
  }

  @Get(':orderId/transcript')
  @Operation({
    summary: 'The whole conversation as plain text, to keep',
    description: 'Of one that is longer than 2 MB the end, and how many messages are left out.',
    who: 'user',
    call: GetTranscript,
    answer: 'text',
    fails: ['NOT_FOUND'],
  })
  async transcript(
    @Input(GetTranscript) input: CallInput<typeof GetTranscript>,
    @Context() ctx: MessageContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { text } = await this.rpc.forward(GetTranscript, input, ctx);
    void reply
      .type('text/plain; charset=utf-8')
      .header('content-disposition', `attachment; filename="order-${input.orderId}.txt"`);
    return text;
  }

  @Post(':orderId/messages')
  @Operation({ summary: 'Write to the room', ...sending })
  send(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':orderId/message')
  @Operation({ summary: 'Write to the room, under its older name', ...sending })
  sendOne(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Patch(':orderId/close')
  @Operation({ summary: 'Close the room with a summary', ...closing })
  close(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':orderId/close')
  @Operation({
    summary: 'Close the room with a summary',
    ...closing,
    fails: [...closing.fails, 'IDEMPOTENCY_IN_PROGRESS'],
  })
  closeByPost(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':orderId/read')
  @Operation({
    summary: 'Move the own read mark',
    description: 'Forward only.',
    who: 'user',
    call: MarkRead,
    fails: ['NOT_FOUND'],
    example: { seq: 12 },
  })
  read(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  private async list(input: CallInput<typeof ListMessages>, ctx: MessageContext) {
    const { messages: items, ...facts } = await this.rpc.forward(ListMessages, input, ctx);
    return pageOf({ items, ...facts }, { page: 1, limit: input.limit });
  }
}
