import { randomUUID } from 'node:crypto';
import { Connection } from './connection.ts';
import { measure, type MeasureOptions, type Measurement } from './measure.ts';
import { purchase } from './purchase.ts';

/** A load, as it is told to the process that makes it. */
export type Job =
  | { readonly kind: 'get'; readonly url: string; readonly paths: readonly string[] }
  | {
      readonly kind: 'purchase';
      readonly url: string;
      readonly tokens: string[];
      readonly products: string[];
    }
  | { readonly kind: 'commits'; readonly databaseUrl: string }
  | { readonly kind: 'rpc'; readonly amqpUrl: string; readonly queue: string };

type Run<K extends Job['kind']> = (
  job: Extract<Job, { kind: K }>,
  options: MeasureOptions,
) => Promise<Measurement>;

/** Each lane over its own kept connection. */
const get: Run<'get'> = async ({ url, paths }, options) => {
  const connections = Array.from({ length: options.lanes }, () => new Connection(url));
  const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`);
  let turn = 0;
  const measured = await measure(options, async (lane) => {
    const answer = await connections[lane]?.send(requests[turn++ % requests.length] ?? '');
    if (answer?.status !== 200) throw new Error(`${answer?.status}: ${answer?.body.slice(0, 300)}`);
  });
  for (const connection of connections) connection.close();
  return measured;
};

const purchases: Run<'purchase'> = async ({ url, tokens, products }, options) => {
  const shoppers = tokens
    .slice(0, options.lanes)
    .map((token) => ({ token, connection: new Connection(url) }));
  const measured = await measure(options, async (lane, notes) => {
    const shopper = shoppers[lane];
    if (shopper === undefined) throw new Error('There are fewer shoppers than lanes.');
    await purchase(shopper, products, notes);
  });
  for (const { connection } of shoppers) connection.close();
  return measured;
};

/** One row, one commit, one connection for each lane. */
const commits: Run<'commits'> = async ({ databaseUrl }, options) => {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: databaseUrl, max: options.lanes });
  await pool.query('CREATE TABLE IF NOT EXISTS public.bench_commit (id uuid PRIMARY KEY, at timestamptz)');
  const insert = { name: 'insert', text: 'INSERT INTO public.bench_commit VALUES ($1, now())' };
  const clients = await Promise.all(Array.from({ length: options.lanes }, () => pool.connect()));
  const measured = await measure(options, async (lane) => {
    await clients[lane]?.query({ ...insert, values: [randomUUID()] });
  });
  for (const client of clients) client.release();
  await pool.query('DROP TABLE public.bench_commit');
  await pool.end();
  return measured;
};

/** Request and reply over direct reply-to, on one channel. */
const rpc: Run<'rpc'> = async ({ amqpUrl, queue }, options) => {
  const { connect } = await import('amqplib');
  const connection = await connect(amqpUrl);
  const channel = await connection.createChannel();
  const waiting = new Map<string, () => void>();
  const answered = (id: string) => {
    waiting.get(id)?.();
    waiting.delete(id);
  };
  const replies = { noAck: true };
  await channel.consume('amq.rabbitmq.reply-to', (m) => m && answered(m.properties.correlationId), replies);
  const body = Buffer.from(JSON.stringify({ hello: 'world' }));
  let last = 0;
  const measured = await measure(options, () => {
    const correlationId = String(++last);
    return new Promise((resolve) => {
      waiting.set(correlationId, resolve);
      channel.sendToQueue(queue, body, { replyTo: 'amq.rabbitmq.reply-to', correlationId });
    });
  });
  await connection.close();
  return measured;
};

export function runJob(job: Job, options: MeasureOptions): Promise<Measurement> {
  switch (job.kind) {
    case 'get':
      return get(job, options);
    case 'purchase':
      return purchases(job, options);
    case 'commits':
      return commits(job, options);
    case 'rpc':
      return rpc(job, options);
  }
}
