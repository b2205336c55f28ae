import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Channel, connect } from 'amqplib';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { newId } from '@order-system/prisma/id';
import { z } from 'zod';
import type { Delivery, Verdict } from './broker.js';
import { consumer, on } from './consumer.js';
import type { EventMessage } from './events.js';
import { RabbitBroker } from './rabbitmq/rabbit-broker.js';
import { RabbitConnection } from './rabbitmq/rabbit-connection.js';
import { names } from './rabbitmq/topology.js';
import { deleteTopology } from './testing/delete-topology.js';
import { eventually } from './testing/eventually.js';

const Counted = defineEvent('test.counted', 1, z.object({ n: z.int() }));
const url = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const namespace = `test-${randomUUID().slice(0, 8)}`;
const ladder = [100, 200];
const named = names(namespace);
const counting = consumer('test.counting', [on(Counted, async () => undefined)]);
// By the name of the one there is: it is removed with the rest.
const pushes = consumer('gateway.pushes', [on(Counted, async () => undefined)], { byAll: true });

const heard: Record<'counting' | 'pushes', number[]> = { counting: [], pushes: [] };
/** What becomes of a delivery, when it is not simply done. */
let decide: ((delivery: Delivery) => Verdict) | undefined;
const publisher = new RabbitConnection(url, 'test publisher');
const consumers = new RabbitConnection(url, 'test consumer');
const broker = new RabbitBroker({ publisher, consumers, namespace, ladder });

const numberOf = (delivery: Delivery) => (delivery.raw as { data: { n: number } }).data.n;

let subscription: { close(): Promise<void> };
beforeAll(async () => {
  await broker.subscribe(counting, 10, async (delivery) => {
    const verdict = decide?.(delivery) ?? 'done';
    if (verdict === 'done') heard.counting.push(numberOf(delivery));
    return verdict;
  });
  subscription = await broker.subscribe(pushes, 10, async (delivery) => {
    heard.pushes.push(numberOf(delivery));
    return 'done';
  });
  await eventually(() => expect([publisher.ready, consumers.ready]).toEqual([true, true]));
});
afterAll(async () => {
  await subscription.close();
  await broker.close();
  await Promise.all([publisher.close(), consumers.close()]);
  await deleteTopology({ url, namespace, ladder, consumers: [counting.name], services: [] });
});

const counted = (n: number): EventMessage => ({
  id: newId(),
  type: 'test.counted',
  version: 1,
  aggregate: { type: 'test', id: newId(), version: 1 },
  data: { n },
  actor: { id: null, role: 'system' },
  correlationId: randomUUID(),
  causationId: null,
  occurredAt: new Date(),
});

/** By hand, as somebody who administers the broker. */
async function administer(work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const connection = await connect(url);
  try {
    const channel = await connection.createConfirmChannel();
    await work(channel);
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}

/** Like a relay: again until it is taken. Consumers may hear it more than once, or not at all. */
const tell = (n: number) =>
  eventually(async () => expect(await broker.publish('test', [counted(n)])).toHaveLength(1), 30_000);

/** Tells again and again until everybody has heard one. */
const expectToHear = (who: readonly (keyof typeof heard)[], n: number) =>
  eventually(async () => {
    await tell(n);
    for (const one of who) expect(heard[one]).toContain(n);
  }, 30_000);

it('the events of a publication leave in one packet', async () => {
  await expectToHear(['counting', 'pushes'], 0);
  const { stream } = publisher.manager.connection?.connection as unknown as { stream: Required<Socket> };
  const writes = [jest.spyOn(stream, '_write'), jest.spyOn(stream, '_writev')];
  const events = Array.from({ length: 20 }, () => counted(0));
  expect(await broker.publish('test', events)).toHaveLength(20);
  const packets = writes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  for (const write of writes) write.mockRestore();
  // And perhaps a heartbeat.
  expect(packets).toBeLessThanOrEqual(2);
});

it('consumers go on after somebody deleted an exchange and the queue in which an event waits for its next try', async () => {
  await expectToHear(['counting', 'pushes'], 1);
  await administer(async (channel) => {
    await channel.deleteExchange(named.events);
    await channel.deleteQueue(named.delay(100));
  });
  await expectToHear(['counting', 'pushes'], 2);
  const waited = new Set<unknown>();
  decide = ({ raw }) => {
    const { id } = raw as EventMessage;
    return waited.has(id) ? 'done' : (waited.add(id), { delayMs: 100, early: 0 });
  };
  await expectToHear(['counting'], 3);
  decide = undefined;
});

it('they do after somebody deleted their queues', async () => {
  await administer(async (channel) => {
    await channel.deleteQueue(named.work(counting.name));
    await channel.deleteQueue(named.own(pushes.name, broker.process));
  });
  await expectToHear(['counting', 'pushes'], 4);
});

it('a consumer that ends takes nothing more, and finishes what it has begun', async () => {
  const ending = consumer('test.ending', [on(Counted, async () => undefined)]);
  const queue = named.work(ending.name);
  const gate = Promise.withResolvers<void>();
  const begun: number[] = [];
  const subscription = await broker.subscribe(ending, 1, async (delivery) => {
    begun.push(numberOf(delivery));
    await gate.promise;
    return 'done';
  });
  await eventually(() => expect(consumers.ready).toBe(true));
  await administer(async (channel) => {
    for (const n of [20, 21, 22]) channel.sendToQueue(queue, Buffer.from(JSON.stringify(counted(n))));
  });
  await eventually(() => expect(begun).toEqual([20]));
  let isClosed = false;
  const closed = subscription.close().then(() => (isClosed = true));
  // By then the broker has heard that it ends; of a quorum queue it goes on to count a consumer that holds something.
  await administer(async (channel) => {
    for (let look = 0; look < 20; look += 1) await channel.checkQueue(queue);
  });
  expect(isClosed).toBe(false);
  gate.resolve();
  await closed;
  expect(begun).toEqual([20]);
  const left: number[] = [];
  await administer(async (channel) => {
    await eventually(async () => {
      const message = await channel.get(queue, { noAck: true });
      if (message) left.push((JSON.parse(message.content.toString()) as { data: { n: number } }).data.n);
      expect(left).toEqual([21, 22]);
    });
    await channel.deleteQueue(queue);
  });
});

it('a count of returns that somebody wrote by hand is none', async () => {
  // By the event: what was told before may still come, and each may come twice.
  const early = new Map<number, number>();
  decide = (delivery) => (early.set(numberOf(delivery), delivery.early), 'done');
  const counts = ['many', -1, 0.5, 2];
  await administer(async (channel) => {
    for (const [i, count] of counts.entries())
      channel.sendToQueue(named.work(counting.name), Buffer.from(JSON.stringify(counted(10 + i))), {
        headers: { 'x-early': count },
      });
  });
  await eventually(() => expect([10, 11, 12, 13].map((n) => early.get(n))).toEqual([0, 0, 0, 2]));
  decide = undefined;
});
