import { Controller, Delete, Get, Post } from '@nestjs/common';
import type { CallInput } from '@order-system/contracts/define';
import {
  DropDeadLetter,
  GetEvent,
  GetEventHealth,
  GetEventStats,
  GetReplay,
  ListDeadLetters,
  ListEvents,
  RedriveDeadLetter,
  StartReplay,
} from '@order-system/contracts/events.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { pageOf, success } from '../http/answer.js';
import { Input } from '../http/input.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

@Controller('events')
export class EventsController {
  constructor(private readonly rpc: RpcClient) {}

  @Get()
  @Operation({
    summary: 'What has happened, the newest first',
    description: 'meta.nextCursor, given as cursor, goes on where a page ended, however long the log is.',
    who: 'admin',
    call: ListEvents,
    answer: 'page',
  })
  async list(@Input(ListEvents) input: CallInput<typeof ListEvents>, @Context() ctx: MessageContext) {
    return pageOf(await this.rpc.forward(ListEvents, input, ctx), input);
  }

  @Get('stats')
  @Operation({
    summary: 'Events by type and by hour, and how many a minute',
    description:
      'Without from: of the week before to. byHour has the latest 744 hours in which something happened.',
    who: 'admin',
    call: GetEventStats,
  })
  async stats(@Input(GetEventStats) input: CallInput<typeof GetEventStats>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(GetEventStats, input, ctx));
  }

  @Get('health')
  @Operation({
    summary: 'Whether events arrive: outboxes, lag of each consumer, dead letters',
    who: 'admin',
    call: GetEventHealth,
  })
  async health(
    @Input(GetEventHealth) input: CallInput<typeof GetEventHealth>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(GetEventHealth, input, ctx));
  }

  @Post('replay')
  @Operation({
    summary: 'Give a span of events to one consumer again',
    description: 'A dry run only counts. A consumer that must not act twice gets only what it has missed.',
    who: 'admin',
    call: StartReplay,
    status: 202,
    fails: ['NOT_FOUND'],
    example: {
      consumer: 'chat.orders',
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-02T00:00:00.000Z',
      dryRun: true,
    },
  })
  async replay(@Input(StartReplay) input: CallInput<typeof StartReplay>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(StartReplay, input, ctx));
  }

  @Get('replay/:id')
  @Operation({ summary: 'How far a replay is', who: 'admin', call: GetReplay, fails: ['NOT_FOUND'] })
  async replayJob(@Input(GetReplay) input: CallInput<typeof GetReplay>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(GetReplay, input, ctx));
  }

  @Get('dead-letters')
  @Operation({
    summary: 'What consumers have given up on',
    who: 'admin',
    call: ListDeadLetters,
    answer: 'page',
  })
  async deadLetters(
    @Input(ListDeadLetters) input: CallInput<typeof ListDeadLetters>,
    @Context() ctx: MessageContext,
  ) {
    return pageOf(await this.rpc.forward(ListDeadLetters, input, ctx), input);
  }

  @Post('dead-letters/:id/redrive')
  @Operation({
    summary: 'Give a dead letter to its consumer once more',
    description: 'It goes from the list when that succeeds.',
    who: 'admin',
    call: RedriveDeadLetter,
    fails: ['NOT_FOUND'],
  })
  async redrive(
    @Input(RedriveDeadLetter) input: CallInput<typeof RedriveDeadLetter>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(RedriveDeadLetter, input, ctx));
  }

  @Delete('dead-letters/:id')
  @Operation({
    summary: 'Drop a dead letter',
    who: 'admin',
    call: DropDeadLetter,
    status: 204,
    answer: 'none',
    fails: ['NOT_FOUND'],
  })
  async drop(@Input(DropDeadLetter) input: CallInput<typeof DropDeadLetter>, @Context() ctx: MessageContext) {
    await this.rpc.forward(DropDeadLetter, input, ctx);
  }

  @Get(':id')
  @Operation({ summary: 'One event', who: 'admin', call: GetEvent, fails: ['NOT_FOUND'] })
  async get(@Input(GetEvent) input: CallInput<typeof GetEvent>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(GetEvent, input, ctx));
  }
}
