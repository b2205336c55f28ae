import { expect, it } from '@jest/globals';
import { defineCall } from '@order-system/contracts/define';
import { z } from 'zod';
import { deadlineIn, systemContext } from './context.js';
import { RpcClient, type RpcRequest } from './rpc-client.js';
import { type RpcReply, unavailable } from './rpc-reply.js';

class CutOff extends RpcClient {
  asked = 0;
  patienceMs = 0;

  protected async send({ patienceMs }: RpcRequest): Promise<RpcReply> {
    this.asked += 1;
    this.patienceMs = patienceMs;
    throw unavailable('test', 'was cut off');
  }

  async close(): Promise<void> {}
}

class Answering extends RpcClient {
  constructor(private readonly response: unknown) {
    super();
  }

  protected async send(): Promise<RpcReply> {
    return { response: this.response };
  }

  async close(): Promise<void> {}
}

it.each([
  ['query', 2],
  ['command', 1],
] as const)(
  'a %s whose answer was lost is sent %i times: nobody knows whether a command was carried out',
  async (kind, times) => {
    const call = defineCall('test.call', { kind, input: z.object({}), output: z.object({}) });
    const rpc = new CutOff();
    await expect(rpc.call(call, {}, systemContext())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(rpc.asked).toBe(times);
  },
);

it.each([
  ['query', 2000],
  ['command', 8000],
] as const)(
  'a %s is waited for %i ms, or until half a second before whoever asks has to answer',
  async (kind, ms) => {
    const call = defineCall('test.call', { kind, input: z.object({}), output: z.object({}) });
    const rpc = new CutOff();
    const patience = async (leftMs: number) => {
      await rpc.call(call, {}, { ...systemContext(), deadline: deadlineIn(leftMs) }).catch(() => undefined);
      return rpc.patienceMs;
    };
    expect(await patience(60_000)).toBe(ms);
    expect(await patience(1000)).toBeLessThanOrEqual(500);
  },
);

it.each([
  ['has a value that this version does not know', { state: 'SNOWED_IN', by: 'post' }],
  ['lacks a field that this version has', { state: 'SENT' }],
])('an answer that %s can be asked for again', async (_, response) => {
  const output = z.object({ state: z.enum(['SENT']), by: z.string() });
  const call = defineCall('test.call', { kind: 'query', input: z.object({}), output });
  await expect(new Answering(response).call(call, {}, systemContext())).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    detail: 'The test service is of another version; try again shortly.',
  });
  await expect(
    new Answering({ state: 'SENT', by: 'post', added: 1 }).call(call, {}, systemContext()),
  ).resolves.toEqual({
    state: 'SENT',
    by: 'post',
  });
});
