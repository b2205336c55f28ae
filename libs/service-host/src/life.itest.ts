import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, Injectable, Module } from '@nestjs/common';
import { defineCall } from '@order-system/contracts/define';
import { Nothing } from '@order-system/contracts/primitives';
import { systemContext } from '@order-system/messaging/context';
import { Rpc } from '@order-system/messaging/rpc';
import { eventually } from '@order-system/messaging/testing/eventually';
import { localTransport } from '@order-system/messaging/transport';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { defineService, type Job } from './service.js';
import { startService } from './start-service.js';

const Break = defineCall('orders.break', { kind: 'command', input: Nothing, output: Nothing });

@Controller()
class BreakRpc {
  @Rpc(Break)
  async break(): Promise<Record<string, never>> {
    throw new TypeError('ada@example.com is not a function');
  }
}

@Injectable()
class BrokenJob implements Job {
  readonly everyMs = 10;
  async run(): Promise<void> {
    throw new RangeError('too far');
  }
}

/** The database answers too late: no fault of ours. */
@Injectable()
class HeldUpJob implements Job {
  readonly everyMs = 10;
  async run(): Promise<void> {
    throw Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  }
}

@Module({ controllers: [BreakRpc] })
class BreakModule {}

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'orders' });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

it('tells of start, defects and end without gaps, of a defect once in a while and without what its text may hold', async () => {
  const transport = localTransport();
  const service = await startService(
    defineService({ name: 'orders', module: BreakModule, jobs: [HeldUpJob, BrokenJob] }),
    {
      transport,
      database: { url: database.url, poolSize: 3 },
      ladder: [20],
      catchUpEveryMs: 60_000,
    },
  );
  const ctx = systemContext();
  const calls = [1, 2, 3].map(() => transport.rpc.call(Break, {}, ctx));
  for (const call of await Promise.allSettled(calls)) expect(call.status).toBe('rejected');
  const told = () =>
    db.query<{ type: string; version: number; message: string | null; correlation: string }>(sql`
      SELECT type, aggregate_version AS version, data->>'message' AS message, correlation_id AS correlation
      FROM events.event ORDER BY aggregate_version`);
  await eventually(async () => expect(await told()).toHaveLength(3));
  await service.close();
  await transport.close();
  const events = await told();
  expect(events.map(({ type }) => type)).toEqual([
    'system.startup',
    'system.error',
    'system.error',
    'system.shutdown',
  ]);
  expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
  const messages = events.map(({ message }) => message).filter((message) => message !== null);
  expect(messages.sort()).toEqual(['call orders.break: TypeError', 'job BrokenJob: RangeError']);
  expect(events.find(({ message }) => message?.startsWith('call'))?.correlation).toBe(ctx.correlationId);
});
