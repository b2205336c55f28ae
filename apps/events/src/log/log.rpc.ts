import { Controller } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import type { CallInput } from '@order-system/contracts/define';
import {
  GetEvent,
  GetEventHealth,
  GetEventStats,
  ListEvents,
} from '@order-system/contracts/events.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { readHealth } from './health.read.js';
import { listEvents, readEvent } from './log.read.js';
import { readStats } from './stats.read.js';

@Controller()
export class LogRpc {
  constructor(private readonly db: Database) {}

  @Rpc(ListEvents)
  async list(input: CallInput<typeof ListEvents>, { actor }: MessageContext) {
    assertStaff(actor, 'look at the events');
    return listEvents(this.db, input);
  }

  @Rpc(GetEvent)
  async get({ id }: CallInput<typeof GetEvent>, { actor }: MessageContext) {
    assertStaff(actor, 'look at the events');
    return readEvent(this.db, id);
  }

  @Rpc(GetEventStats)
  async stats(input: CallInput<typeof GetEventStats>, { actor }: MessageContext) {
    assertStaff(actor, 'see the statistics of events');
    return readStats(this.db, input);
  }

  @Rpc(GetEventHealth)
  async health(_input: CallInput<typeof GetEventHealth>, { actor }: MessageContext) {
    assertStaff(actor, 'see how events get on');
    return readHealth(this.db);
  }
}
