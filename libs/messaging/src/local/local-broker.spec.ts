import { expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { newId } from '@order-system/prisma/id';
import { z } from 'zod';
import type { Verdict } from '../broker.js';
import { consumer, on } from '../consumer.js';
import { systemContext } from '../context.js';
import { fact, toMessage } from '../outbox.js';
import { eventually } from '../testing/eventually.js';
import { LocalBroker } from './local-broker.js';

const Told = defineEvent('test.told', 1, z.object({}));
/** One in the consumer's hands, the others waiting. */
const AS_MANY_AS_FIT = 10_001;

const anEvent = () => toMessage(systemContext(), fact(Told, { type: 'test', id: newId(), version: 1 }, {}));

it('who has room has an event although another queue is full; it is not taken for published', async () => {
  const broker = new LocalBroker();
  const listen = (name: string, receive: () => Promise<Verdict>) =>
    broker.subscribe(consumer(name, [on(Told, async () => undefined)]), 1, receive);
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  let received = 0;
  await listen('test.stuck', () => promise);
  await listen('test.quick', async () => {
    received += 1;
    return 'done';
  });
  const fill = Array.from({ length: AS_MANY_AS_FIT }, anEvent);
  expect(await broker.publish('test', fill)).toHaveLength(AS_MANY_AS_FIT);
  await eventually(() => expect(received).toBe(AS_MANY_AS_FIT));
  expect(await broker.publish('test', [anEvent()])).toEqual([]);
  await eventually(() => expect(received).toBe(AS_MANY_AS_FIT + 1));
  const closed = broker.close();
  resolve('done');
  await closed;
});
