import { Module } from '@nestjs/common';
import { defineService } from '@order-system/service-host/service';
import { LetterRpc } from './letter/letter.rpc.js';
import { RedriveLetter } from './letter/redrive-letter.js';
import { LogRpc } from './log/log.rpc.js';
import { Redelivery } from './redelivery.js';
import { ReplayEvents } from './replay/replay-events.job.js';
import { ReplayRpc } from './replay/replay.rpc.js';
import { PruneIdempotencyKeys, PruneInbox } from './retention/prune.job.js';

@Module({
  controllers: [LogRpc, ReplayRpc, LetterRpc],
  providers: [Redelivery, RedriveLetter],
})
class EventsModule {}

export const events = defineService({
  name: 'events',
  module: EventsModule,
  jobs: [ReplayEvents, PruneInbox, PruneIdempotencyKeys],
  drainsDeadLetters: true,
});
