import { Controller, Delete, Get, Post } from '@nestjs/common';
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
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Operation } from '../openapi/operation.js';

@Controller('events')
export class EventsController {
  constructor(private readonly forwarder: Forwarder) {}

  @Get()
  @Operation({
    summary: 'What has happened, the newest first',
    description: 'meta.nextCursor, given as cursor, goes on where a page ended, however long the log is.',
    who: 'admin',
    call: ListEvents,
    answer: 'page',
  })
  list(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get('stats')
  @Operation({
    summary: 'Events by type and by hour, and how many a minute',
    description:
      'Without from: of the week before to. byHour has the latest 744 hours in which something happened.',
    who: 'admin',
    call: GetEventStats,
  })
  stats(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get('health')
  @Operation({
    summary: 'Whether events arrive: outboxes, lag of each consumer, dead letters',
    who: 'admin',
    call: GetEventHealth,
  })
  health(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post('replay')
  @Operation({
    summary: 'Give a span of events to one consumer again',
    description: 'A dry run only counts. A consumer that must not act twice gets only what it has missed.',
    who: 'admin',
    call: StartReplay,
    status: 202,
    example: {
      consumer: 'chat.orders',
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-02T00:00:00.000Z',
      dryRun: true,
    },
  })
  replay(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get('replay/:id')
  @Operation({ summary: 'How far a replay is', who: 'admin', call: GetReplay, fails: ['NOT_FOUND'] })
  replayJob(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get('dead-letters')
  @Operation({
    summary: 'What consumers have given up on',
    who: 'admin',
    call: ListDeadLetters,
    answer: 'page',
  })
  deadLetters(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post('dead-letters/:id/redrive')
  @Operation({
    summary: 'Give a dead letter to its consumer once more',
    description: 'It goes from the list when that succeeds.',
    who: 'admin',
    call: RedriveDeadLetter,
    fails: ['NOT_FOUND'],
  })
  redrive(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
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
  drop(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':id')
  @Operation({ summary: 'One event', who: 'admin', call: GetEvent, fails: ['NOT_FOUND'] })
  get(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }
}
