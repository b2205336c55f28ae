import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { names } from '../rabbitmq/topology.js';
import { eventually } from './eventually.js';
import { standBetween } from './stand-between.js';

const url = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const namespace = `test-${randomUUID().slice(0, 8)}`;
const { events, work } = names(namespace);
const consumer = { name: 'test.between', keys: ['thing.made.v1'] };

let connection: ChannelModel;
let channel: Channel;
const heard: string[] = [];
beforeAll(async () => {
  connection = await connect(url);
  channel = await connection.createChannel();
  await channel.assertExchange(events, 'topic', { durable: true });
  await channel.assertQueue(work(consumer.name), { durable: true });
  await channel.bindQueue(work(consumer.name), events, 'thing.made.v1');
  const hear = (text: string) => heard.push(text);
  await channel.consume(work(consumer.name), (message) => message && hear(message.content.toString()), {
    noAck: true,
  });
});
afterAll(async () => {
  await channel.deleteQueue(work(consumer.name));
  await channel.deleteExchange(events);
  await connection.close();
});

const tell = (text: string) => channel.publish(events, 'thing.made.v1', Buffer.from(text));
const sorted = () => [...heard].sort();

it('hands every message on as often and as late as it is told to, and then lets go', async () => {
  const ways = [
    [300, 0, 0],
    [0, 0, 0],
  ];
  const between = await standBetween({ url, namespace }, [consumer], () => ways.shift()!);
  tell('first');
  tell('second');
  await eventually(() => expect(heard).toHaveLength(5));
  await between.stop();
  expect(between.seen).toBe(2);
  expect(sorted()).toEqual(['first', 'first', 'first', 'second', 'second', 'second']);
  expect(heard.at(-1)).toBe('first');
  tell('third');
  await eventually(() => expect(heard.slice(6)).toEqual(['third']));
});

it('stays between them when consumers bind their queues again', async () => {
  heard.length = 0;
  const between = await standBetween({ url, namespace }, [consumer], () => []);
  await channel.bindQueue(work(consumer.name), events, 'thing.made.v1');
  await eventually(() => {
    const before = heard.length;
    tell('fourth');
    return channel.checkQueue(work(consumer.name)).then(() => expect(heard).toHaveLength(before));
  });
  await between.stop();
});
