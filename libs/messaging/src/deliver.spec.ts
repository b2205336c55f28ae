import { expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { SYSTEM } from '@order-system/contracts/primitives';
import { newId } from '@order-system/prisma/id';
import { z } from 'zod';
import { consumer, on } from './consumer.js';
import { readMessage, recognise } from './deliver.js';

const Counted = defineEvent('test.counted', 1, z.object({ lines: z.array(z.object({ n: z.int() })) }));
const counting = consumer('test.counting', [on(Counted, async () => undefined)]);
const message = {
  ...{ id: newId(), type: 'test.counted', version: 1, actor: SYSTEM, correlationId: 'c', causationId: null },
  ...{ aggregate: { type: 'test', id: newId(), version: 1 }, occurredAt: '2026-01-01T00:00:00.000Z' },
};

it('names the field that makes an event one that cannot be applied', () => {
  expect(() => readMessage({ ...message, aggregate: { ...message.aggregate, id: 'x' } })).toThrow(
    'not an event: aggregate.id: Invalid UUID',
  );
  expect(() => readMessage('x')).toThrow('not an event: Invalid input: expected object, received string');
  const wrong = readMessage({ ...message, data: { lines: [{ n: 1 }, { n: 'two' }] } });
  expect(() => recognise(counting, wrong)).toThrow(
    'test.counted.v1: lines.1.n: Invalid input: expected number, received string',
  );
});
