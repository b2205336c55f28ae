import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { newId } from '@order-system/prisma/id';
import { z } from 'zod';
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
const ladder = [5000];
// By the name of the one there is: it is removed with the rest.
const pushes = consumer('gateway.pushes', [on(Counted, async () => undefined)], { byAll: true });

class Process {
  readonly heard: number[] = [];
  private subscription: { close(): Promise<void> } | undefined;
  readonly consumers = new RabbitConnection(url, 'test consumer');
  private readonly publisher = new RabbitConnection(url, 'test publisher');
  readonly broker = new RabbitBroker({
    publisher: this.publisher,
    consumers: this.consumers,
    namespace,
    ladder,
  });

  async start(): Promise<this> {
    this.subscription = await this.broker.subscribe(pushes, 10, async ({ raw }) => {
      this.heard.push((raw as { data: { n: number } }).data.n);
      return 'done';
    });
    await eventually(() => expect([this.consumers.ready, this.publisher.ready]).toEqual([true, true]));
    return this;
  }

  get queue(): string {
    return names(namespace).own(pushes.name, this.broker.process);
  }

  async close(): Promise<void> {
    await this.subscription?.close();
    await this.broker.close();
    await Promise.all([this.consumers.close(), this.publisher.close()]);
  }
}

/** What older versions left: bound, read by nobody, and full one day. */
async function givenFormerQueues(): Promise<string[]> {
  const { work, log } = names(namespace);
  const former = { quorum: work(pushes.name), stream: log(pushes.name) };
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const [type, queue] of Object.entries(former)) {
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } });
    channel.sendToQueue(queue, Buffer.from('{}'));
  }
  await connection.close();
  return Object.values(former);
}

async function isThere(queue: string): Promise<boolean> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  try {
    await channel.checkQueue(queue);
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

async function messagesIn(queue: string): Promise<number> {
  const connection = await connect(url);
  const { messageCount } = await (await connection.createChannel()).checkQueue(queue);
  await connection.close();
  return messageCount;
}

let processes: Process[];
let formerQueues: string[];
beforeAll(async () => {
  formerQueues = await givenFormerQueues();
  for (const queue of formerQueues) expect(await isThere(queue)).toBe(true);
  processes = await Promise.all([1, 2].map(() => new Process().start()));
});
afterAll(async () => {
  await Promise.all(processes.map((one) => one.close()));
  await deleteTopology({ url, namespace, ladder, consumers: [], services: [] });
});

const aggregate = newId();
const counted = (n: number): EventMessage => ({
  id: newId(),
  type: 'test.counted',
  version: 1,
  aggregate: { type: 'test', id: aggregate, version: n },
  data: { n },
  actor: { id: null, role: 'system' },
  correlationId: randomUUID(),
  causationId: null,
  occurredAt: new Date(),
});
const upTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, index) => from + index);
const tell = async (numbers: number[]) => {
  const messages = numbers.map(counted);
  expect(await processes[0]!.broker.publish('test', messages)).toHaveLength(messages.length);
};

it('every process hears everything, in order', async () => {
  await tell(upTo(50));
  for (const { heard } of processes) await eventually(() => expect(heard).toEqual(upTo(50)));
});

it('one that was cut off goes on where it was, without a gap', async () => {
  const [cut, other] = processes as [Process, Process];
  cut.consumers.manager.reconnect();
  await tell(upTo(100, 51));
  await eventually(() => expect(other.heard).toEqual(upTo(100)));
  // What was under way comes again.
  await eventually(() => expect([...new Set(cut.heard)]).toEqual(upTo(100)));
});

it('one whose queue cannot be had, as when its node of a cluster is away, takes another', async () => {
  const [robbed] = processes as [Process];
  const taken = robbed.queue;
  const connection = await connect(url);
  const channel = await connection.createChannel();
  // As for a node that is away, declaring it is refused.
  await channel.deleteQueue(taken);
  await channel.assertQueue(taken, { exclusive: true });
  await eventually(() => expect(robbed.queue).not.toBe(taken), 15_000);
  await eventually(() => expect(robbed.consumers.ready).toBe(true), 15_000);
  await tell([101]);
  await eventually(() => expect(robbed.heard).toContain(101));
  await connection.close();
});

it('the queues that older versions read are gone', async () => {
  for (const queue of formerQueues) expect(await isThere(queue)).toBe(false);
});

it('while none runs nobody is told, and nothing is taken for an event that nobody knows', async () => {
  await Promise.all(processes.splice(0).map((one) => one.close()));
  const publisher = new RabbitConnection(url, 'test publisher');
  const alone = new RabbitBroker({ publisher, consumers: publisher, namespace, ladder });
  await eventually(() => expect(publisher.ready).toBe(true));
  expect(await alone.publish('test', [counted(102), { ...counted(102), type: 'test.unknown' }])).toHaveLength(
    2,
  );
  await eventually(async () => expect(await messagesIn(names(namespace).unrouted)).toBeGreaterThan(0));
  expect(await messagesIn(names(namespace).unrouted)).toBe(1);
  await alone.close();
  await publisher.close();
});

it('a new one hears what is told from now on, and leaves nothing', async () => {
  const fresh = await new Process().start();
  expect(await fresh.broker.publish('test', [counted(103)])).toHaveLength(1);
  await eventually(() => expect(fresh.heard).toEqual([103]));
  expect(await isThere(fresh.queue)).toBe(true);
  await fresh.close();
  expect(await isThere(fresh.queue)).toBe(false);
});
