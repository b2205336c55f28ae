import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type CallInput, defineCall } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { Money } from '@order-system/contracts/money';
import { Instant } from '@order-system/contracts/primitives';
import { rpcClientSeconds, rpcServerSeconds } from '@order-system/observability/metrics';
import { z } from 'zod';
import { deadlineIn, type MessageContext, systemContext } from './context.js';
import { Rpc } from './rpc.js';
import { PassErrorsOn } from './rpc-server.js';
import { eventually } from './testing/eventually.js';
import { deleteTopology } from './testing/delete-topology.js';
import { localTransport, rabbitTransport, type Transport } from './transport.js';

const Price = defineCall('test.price', {
  kind: 'query',
  input: z.strictObject({ amount: Money, times: z.int().max(100) }),
  output: z.object({ total: Money, at: Instant, actor: z.string() }),
});
const Fail = defineCall('test.fail', {
  kind: 'command',
  input: z.object({ how: z.string() }),
  output: z.object({}),
});
const Repeat = defineCall('test.repeat', {
  kind: 'query',
  input: z.object({ times: z.int() }),
  output: z.object({ text: z.string() }),
});
const Wait = defineCall('ending.wait', { kind: 'command', input: z.object({}), output: z.object({}) });
const Missing = defineCall('nobody.home', { kind: 'query', input: z.object({}), output: z.object({}) });

const AMQP_URL = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';

/** What hangs ends with the tests, so that the server can drain. */
let released = Promise.withResolvers<void>();

@Controller()
class TestRpc {
  @Rpc(Price)
  async price({ amount, times }: CallInput<typeof Price>, { actor }: MessageContext) {
    return { total: amount * times, at: new Date(0), actor: actor.role };
  }

  @Rpc(Repeat)
  async repeat({ times }: CallInput<typeof Repeat>) {
    return { text: 'x'.repeat(times) };
  }

  @Rpc(Fail)
  async fail({ how }: CallInput<typeof Fail>): Promise<Record<string, never>> {
    if (how === 'refuse') throw new DomainError('OUT_OF_STOCK', 'Sold out.', { available: 3 });
    if (how === 'wait' || how === 'hang') await released.promise;
    if (how === 'wait') return {};
    throw new TypeError('a defect with a secret in it');
  }
}

@Module({ controllers: [TestRpc] })
class TestModule {}

let begun = Promise.withResolvers<void>();
let goOn = Promise.withResolvers<void>();

@Controller()
class EndingRpc {
  @Rpc(Wait)
  async wait(): Promise<Record<string, never>> {
    begun.resolve();
    await goOn.promise;
    return {};
  }
}

@Module({ controllers: [EndingRpc] })
class EndingModule {}

describe.each(['local', 'rabbitmq'] as const)('calls over the %s transport', (kind) => {
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  let transport: Transport;
  let app: INestMicroservice;

  beforeAll(async () => {
    released = Promise.withResolvers<void>();
    transport =
      kind === 'local'
        ? localTransport()
        : rabbitTransport({ url: AMQP_URL, namespace, ladder: [100], service: 'test' });
    app = await NestFactory.createMicroservice(TestModule, {
      strategy: transport.rpcServer('test'),
      logger: false,
    });
    app.useGlobalFilters(new PassErrorsOn());
    await app.listen();
    await eventually(() => transport.rpc.ping('test'));
  });

  afterAll(async () => {
    released.resolve();
    await app.close();
    await transport.close();
    if (kind === 'rabbitmq')
      await deleteTopology({
        url: AMQP_URL,
        namespace,
        ladder: [100],
        consumers: [],
        services: ['test', 'ending'],
      });
  });

  /** A call that is waited for so long: half a second of its deadline is left to whoever asks. */
  const soon = (ms: number): MessageContext => ({ ...systemContext(), deadline: deadlineIn(ms + 500) });

  it('carries money and times exactly, and who asks', async () => {
    const answer = await transport.rpc.call(Price, { amount: 1999, times: 3 }, systemContext());
    expect(answer).toEqual({ total: 5997, at: new Date(0), actor: 'system' });
    const wire = await transport.rpc.forward(Price, { amount: 1999, times: 3 }, systemContext());
    expect(wire).toEqual({ total: 59.97, at: '1970-01-01T00:00:00.000Z', actor: 'system' });
  });

  it('carries a refusal with its code and its facts', async () => {
    const refused = transport.rpc.call(Fail, { how: 'refuse' }, systemContext());
    await expect(refused).rejects.toMatchObject({
      code: 'OUT_OF_STOCK',
      detail: 'Sold out.',
      facts: { available: 3 },
    });
  });

  it.each([rpcServerSeconds, rpcClientSeconds])(
    'is measured with what came of it (%#)',
    async (histogram) => {
      const count = async (outcome: string) =>
        (await histogram.get()).values.find(
          ({ metricName, labels }) =>
            metricName?.endsWith('_count') && labels.call === Fail.name && labels.outcome === outcome,
        )?.value ?? 0;
      const before = [await count('OUT_OF_STOCK'), await count('INTERNAL')];
      for (const how of ['refuse', 'refuse', 'defect'])
        await transport.rpc.call(Fail, { how }, systemContext()).catch(() => undefined);
      const after = [await count('OUT_OF_STOCK'), await count('INTERNAL')];
      expect(after.map((n, i) => n - before[i]!)).toEqual([2, 1]);
    },
  );

  it('says nothing of a defect but that there is one', async () => {
    const failed = transport.rpc.call(Fail, { how: 'defect' }, systemContext());
    await expect(failed).rejects.toMatchObject({
      code: 'INTERNAL',
      detail: expect.not.stringContaining('secret'),
    });
  });

  it('refuses an answer that a broker would not take, and goes on with all others', async () => {
    const repeat = (times: number) => transport.rpc.call(Repeat, { times }, systemContext());
    const [few, many] = await Promise.allSettled([1, 17 * 2 ** 20].map(repeat));
    expect(few).toMatchObject({ value: { text: 'x' } });
    expect(many).toMatchObject({
      reason: { code: 'INTERNAL', detail: expect.stringContaining('too large') },
    });
  });

  it('checks the input where it arrives, naming the field', async () => {
    const refused = transport.rpc.call(Price, { amount: 1, times: 1000 }, systemContext());
    await expect(refused).rejects.toThrow(/times|Too big/);
  });

  it('stops waiting at the deadline', async () => {
    const from = Date.now();
    await expect(transport.rpc.call(Fail, { how: 'hang' }, soon(200))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(Date.now() - from).toBeLessThan(1500);
  });

  it('asks also when the deadline is between two milliseconds', async () => {
    await expect(transport.rpc.call(Price, { amount: 1, times: 1 }, soon(1000.5))).resolves.toBeDefined();
  });

  it('does not even ask when the deadline has passed', async () => {
    await expect(transport.rpc.call(Price, { amount: 1, times: 1 }, soon(-1))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });

  it('costs no other call anything when its time is up just before it leaves', async () => {
    const other = transport.rpc.call(Fail, { how: 'hang' }, soon(500));
    const ctx = soon(11);
    let now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => (now += 5));
    const late = transport.rpc.call(Fail, { how: 'hang' }, ctx);
    clock.mockRestore();
    for (const call of [late, other])
      await expect(call).rejects.toMatchObject({ detail: expect.stringContaining('did not answer in time') });
  });

  it('says at once that a service is not there', async () => {
    const from = Date.now();
    await expect(transport.rpc.call(Missing, {}, systemContext())).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(Date.now() - from).toBeLessThan(1500);
  });

  it('are answered by a service that ends when they were begun, and taken by it no more', async () => {
    [begun, goOn] = [Promise.withResolvers(), Promise.withResolvers()];
    const strategy = transport.rpcServer('ending');
    const ending = await NestFactory.createMicroservice(EndingModule, { strategy, logger: false });
    await ending.listen();
    await eventually(() => transport.rpc.ping('ending'));
    const call = transport.rpc.call(Wait, {}, systemContext());
    await begun.promise;
    const closed = ending.close();
    await eventually(() => expect(transport.rpc.ping('ending')).rejects.toThrow());
    goOn.resolve();
    expect(await call).toEqual({});
    await closed;
  });

  it('refuses at once what a service cannot have waiting, and asks again when there is room', async () => {
    const waiting = Array.from({ length: 1000 }, () =>
      transport.rpc.call(Fail, { how: 'wait' }, soon(3000)).catch(() => undefined),
    );
    const from = Date.now();
    await expect(transport.rpc.call(Price, { amount: 1, times: 1 }, soon(5000))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      detail: expect.stringContaining('has too much to do'),
    });
    expect(Date.now() - from).toBeLessThan(1500);
    await expect(transport.rpc.call(Missing, {}, systemContext())).rejects.toMatchObject({
      detail: expect.not.stringContaining('has too much to do'),
    });
    released.resolve();
    await Promise.all(waiting);
    await transport.rpc.call(Price, { amount: 1, times: 1 }, systemContext());
  });
});
