import { expect, it, jest } from '@jest/globals';
import { defineCall } from '@order-system/contracts/define';
import { z } from 'zod';
import { systemContext } from './context.js';
import { answer } from './rpc-server.js';

it('a call that nobody waits for any more is not carried out', async () => {
  const call = defineCall('test.call', { kind: 'command', input: z.object({}), output: z.object({}) });
  const carryOut = jest.fn(async () => ({}));
  const handlers = new Map([[call.name, Object.assign(carryOut, { extras: { call } })]]);
  const ask = async (leftMs: number): Promise<unknown> =>
    JSON.parse(await answer(handlers, call.name, {}, { ...systemContext(), deadline: Date.now() + leftMs }));
  expect(await ask(-1)).toMatchObject({ err: { code: 'SERVICE_UNAVAILABLE' } });
  expect(carryOut).not.toHaveBeenCalled();
  expect(await ask(1000)).toEqual({ response: {} });
  expect(carryOut).toHaveBeenCalledTimes(1);
});

it('a call of a newer version, which runs beside this one while all are replaced, can be tried again', async () => {
  expect(JSON.parse(await answer(new Map(), 'test.call', {}, systemContext()))).toMatchObject({
    err: {
      code: 'SERVICE_UNAVAILABLE',
      detail: 'The test service is of another version; try again shortly.',
    },
  });
});
