import { randomUUID } from 'node:crypto';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { defineCall } from '@order-system/contracts/define';
import { z } from 'zod';
import { systemContext, toHeaders } from './context.js';
import { Rpc } from './rpc.js';
import { eventually } from './testing/eventually.js';
import { deleteTopology } from './testing/delete-topology.js';
import { rabbitTransport, type Transport } from './transport.js';

const Charge = defineCall('test.charge', { kind: 'command', input: z.object({}), output: z.object({}) });
const url = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const namespace = `test-${randomUUID().slice(0, 8)}`;
const queue = `${namespace}.rpc.test`;

let charged = 0;

@Controller()
class TestRpc {
  @Rpc(Charge)
  async charge(): Promise<Record<string, never>> {
    charged += 1;
    return {};
  }
}

@Module({ controllers: [TestRpc] })
class TestModule {}

let transport: Transport;
let connection: ChannelModel;
let channel: Channel;
beforeAll(async () => {
  transport = rabbitTransport({ url, namespace, ladder: [100], service: 'test' });
  connection = await connect(url);
  channel = await connection.createChannel();
});
afterAll(async () => {
  await connection.close();
  await transport.close();
  await deleteTopology({ url, namespace, ladder: [100], consumers: [], services: ['test'] });
});

async function serve(): Promise<INestMicroservice> {
  const strategy = transport.rpcServer('test');
  const app = await NestFactory.createMicroservice(TestModule, { strategy, logger: false });
  await app.listen();
  await eventually(() => transport.rpc.ping('test'));
  return app;
}

it('a call is not carried out again by who takes it up after a process that died with it', async () => {
  const first = await serve();
  await transport.rpc.call(Charge, {}, systemContext());
  await first.close();
  const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
  const call = Buffer.from(JSON.stringify({ pattern: Charge.name, data: {}, id: '1' }));
  channel.sendToQueue(queue, call, {
    replyTo,
    correlationId: '1',
    headers: toHeaders(systemContext(), 10_000),
  });
  const dying = await connection.createChannel();
  await eventually(async () => expect(await dying.get(queue)).toBeTruthy());
  await dying.close();
  const second = await serve();
  await eventually(async () => {
    const reply = await channel.get(replyTo, { noAck: true });
    expect(reply && JSON.parse(reply.content.toString())).toMatchObject({
      err: { code: 'SERVICE_UNAVAILABLE' },
    });
  });
  await second.close();
  expect(charged).toBe(1);
});
