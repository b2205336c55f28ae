import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import type { Call, CallInput, CallOutput } from '@order-system/contracts/define';
import { defineEvent } from '@order-system/contracts/define';
import { consumer, on } from '@order-system/messaging/consumer';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import { deleteTopology } from '@order-system/messaging/testing/delete-topology';
import { eventually } from '@order-system/messaging/testing/eventually';
import { Spy } from '@order-system/messaging/testing/spy';
import { localTransport, rabbitTransport, type Transport } from '@order-system/messaging/transport';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { withClient } from '@order-system/prisma/migrate';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { defineService } from '@order-system/service-host/service';
import { type Running, startService } from '@order-system/service-host/start-service';
import { z } from 'zod';
import { events } from '../events.module.js';

const AMQP_URL = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const LADDER = [20];

export const Counted = defineEvent('test.counted', 1, z.object({ n: z.int() }));

@Module({})
class EmptyModule {}

export type EventsKit = Awaited<ReturnType<typeof startEvents>>;

/** The events service, and one called orders that keeps a tally (may be replayed) and sends mails (must not). */
export async function startEvents(kind: 'local' | 'rabbitmq') {
  const database = await createTestDatabase();
  await withClient(database.url, (client) =>
    client.query(`
      CREATE TABLE orders.tally (aggregate uuid PRIMARY KEY, n int NOT NULL);
      CREATE TABLE orders.mail (event uuid NOT NULL, n int NOT NULL);
      GRANT ALL ON orders.tally, orders.mail TO svc_orders`),
  );
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const transport: Transport =
    kind === 'local'
      ? localTransport()
      : rabbitTransport({ url: AMQP_URL, namespace, ladder: LADDER, service: 'test' });
  const spy = new Spy();
  const broken = new Set<string>();
  const definition = ordersWith(broken);
  const options = {
    transport,
    ladder: LADDER,
    catchUpEveryMs: 60_000,
    spy,
    database: { url: database.url, poolSize: 5 },
  };
  const running: Running[] = [];
  for (const one of [definition, events]) running.push(await startService(one, options));
  const db = new Database({ url: database.url, service: 'orders' });
  return {
    db,
    spy,
    broken,
    transport,
    namespace,
    options,
    stop: async () => {
      for (const one of running.reverse()) await one.close();
      await transport.close();
      await db.close();
      await database.drop();
      const consumers = definition.consumers.map(({ name }) => name);
      const left = { namespace, consumers, ladder: LADDER, services: ['orders', 'events'] };
      if (kind === 'rabbitmq') await deleteTopology({ url: AMQP_URL, ...left });
    },
  };
}

/** `broken`: ids of aggregates whose events cannot be applied for now. */
function ordersWith(broken: ReadonlySet<string>) {
  const failIfBroken = (id: string) => {
    if (broken.has(id)) throw new Error('not today');
  };
  const tally = consumer(
    'orders.tally',
    [
      on(Counted, async (tx, { aggregate, data }) => {
        failIfBroken(aggregate.id);
        await tx.execute(sql`
          INSERT INTO orders.tally VALUES (${aggregate.id}, ${data.n})
          ON CONFLICT (aggregate) DO UPDATE SET n = greatest(tally.n, excluded.n)`);
      }),
    ],
    { replayable: true },
  );
  const mails = consumer('orders.mails', [
    on(Counted, async (tx, { id, data }) => {
      await tx.execute(sql`INSERT INTO orders.mail VALUES (${id}, ${data.n})`);
    }),
  ]);
  return { ...defineService({ name: 'orders', module: EmptyModule }), consumers: [tally, mails] };
}

export const count = (tx: Tx, id: string, n: number, ctx: MessageContext = systemContext()): Promise<void> =>
  emit(tx, ctx, [fact(Counted, { type: 'test', id, version: n }, { n })]);

export const anAdmin = (): MessageContext => ({ ...systemContext(), actor: { id: newId(), role: 'admin' } });

export const asAdmin =
  ({ transport }: Pick<EventsKit, 'transport'>) =>
  <C extends Call>(call: C, input: CallInput<C>, ctx = anAdmin()): Promise<CallOutput<C>> =>
    transport.rpc.call(call, input, ctx);

/** Counts up to `versions` for new aggregates, and waits until both consumers have applied everything. */
export async function givenCounted(
  { db, spy }: EventsKit,
  aggregates: number,
  versions: number,
): Promise<string[]> {
  const ids = Array.from({ length: aggregates }, () => newId());
  for (let n = 1; n <= versions; n += 1)
    await Promise.all(ids.map((id) => db.inTx((tx) => count(tx, id, n))));
  const given = await eventsOf(db, ids);
  await eventually(() => {
    for (const event of given)
      if (spy.count(event, 'consumed') < 2) throw new Error(`${event} is not applied yet`);
  });
  return ids;
}

export const eventsOf = async (db: Database, aggregates: string[]): Promise<string[]> =>
  (
    await db.query<{ id: string }>(sql`
      SELECT id FROM events.event WHERE aggregate_id = ANY(${aggregates}) ORDER BY occurred_at, aggregate_version, id`)
  ).map(({ id }) => id);
