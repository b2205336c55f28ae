import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Channel } from 'amqplib';
import { RabbitConnection } from './rabbitmq/rabbit-connection.js';
import { eventually } from './testing/eventually.js';

const url = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
/** Longer than a channel is waited for at first. */
const SLOW_MS = 5000;

let connection: RabbitConnection;
beforeAll(() => void (connection = new RabbitConnection(url, 'test')));
afterAll(() => connection.close());

it('a channel that a slow broker takes long to set up gets the time, instead of being begun again and again', async () => {
  const setUp = async (channel: Channel) => {
    const from = performance.now();
    await eventually(() => expect(performance.now() - from).toBeGreaterThan(SLOW_MS));
    await channel.checkExchange('amq.direct');
  };
  const channel = connection.channel('slow', setUp);
  await eventually(() => expect(channel.isOpen).toBe(true), 30_000);
  expect(connection.ready).toBe(true);
});

it('a channel that the broker closes is opened again', async () => {
  let opened: Channel | undefined;
  const channel = connection.channel('closed', async (fresh) => void (opened = fresh));
  await eventually(() => expect(channel.isOpen).toBe(true));
  const first = opened;
  await first!.checkQueue('there is no such queue').catch(() => undefined);
  await eventually(() => expect(opened).not.toBe(first), 30_000);
  await eventually(() => expect(channel.isOpen).toBe(true));
});
