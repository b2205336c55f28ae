import { expect, it } from '@jest/globals';
import { defineCall } from '@order-system/contracts/define';
import { z } from 'zod';
import { systemContext } from './context.js';
import { RpcClient } from './rpc-client.js';
import { type RpcReply, unavailable } from './rpc-reply.js';

class CutOff extends RpcClient {
  asked = 0;

  protected async send(): Promise<RpcReply> {
    this.asked += 1;
    throw unavailable('test', 'was cut off');
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
