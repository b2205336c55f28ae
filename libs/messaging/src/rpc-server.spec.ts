import { expect, it, jest } from '@jest/globals';
import { defineCall } from '@order-system/contracts/define';
import { z } from 'zod';
import { deadlineIn, systemContext } from './context.js';
import { answer } from './rpc-server.js';

it('a call that nobody waits for any more is not carried out', async () => {
  const call = defineCall('test.call', { kind: 'command', input: z.object({}), output: z.object({}) });
  const carryOut = jest.fn(async () => ({}));
  const handlers = new Map([[call.name, Object.assign(carryOut, { extras: { call } })]]);
  const ask = async (leftMs: number): Promise<unknown> =>
    JSON.parse(await answer(handlers, call.name, {}, { ...systemContext(), deadline: deadlineIn(leftMs) }));
  expect(await ask(-1)).toMatchObject({ err: { code: 'SERVICE_UNAVAILABLE' } });
  expect(carryOut).not.toHaveBeenCalled();
  expect(await ask(1000)).toEqual({ response: {} });
  expect(carryOut).toHaveBeenCalledTimes(1);
});

const Item = z.strictObject({ id: z.int() });
const Two = z.union([Item, z.strictObject({ name: z.string() })]);
const By = z.strictObject({ by: z.enum(['post']) });

it.each([
  ['a field', Item, { id: 1, added: 1 }, { id: 'x', added: 1 }],
  [
    'a field of an item',
    z.strictObject({ items: z.array(Item) }),
    { items: [{ id: 1, added: 1 }] },
    { items: [{}] },
  ],
  ['a field of one kind', Two, { name: 'x', added: 1 }, { name: 1, added: 1 }],
  ['a value', By, { by: 'drone' }, { by: 1 }],
  ['both', By, { by: 'drone', height: 1 }, {}],
])('%s of a newer version is not passed over, but can be sent again', async (_, input, data, wrong) => {
  const call = defineCall('test.call', { kind: 'command', input, output: z.object({}) });
  const carryOut = jest.fn(async () => ({}));
  const handlers = new Map([[call.name, Object.assign(carryOut, { extras: { call } })]]);
  const ctx = { ...systemContext(), deadline: deadlineIn(1000) };
  expect(JSON.parse(await answer(handlers, call.name, data, ctx))).toMatchObject({
    err: {
      code: 'SERVICE_UNAVAILABLE',
      detail: 'The test service is of another version; try again shortly.',
    },
  });
  expect(JSON.parse(await answer(handlers, call.name, wrong, ctx))).toMatchObject({
    err: { code: 'VALIDATION_FAILED' },
  });
  expect(carryOut).not.toHaveBeenCalled();
});

it('a call of a newer version, which runs beside this one while all are replaced, can be tried again', async () => {
  expect(JSON.parse(await answer(new Map(), 'test.call', {}, systemContext()))).toMatchObject({
    err: {
      code: 'SERVICE_UNAVAILABLE',
      detail: 'The test service is of another version; try again shortly.',
    },
  });
});
