import { isReachable, SERVERS } from '../shared/servers.ts';
import type { LoadResult, Settings } from './run-topology.ts';
import { load, serve } from './workers.ts';

const AT_ONCE = 32;

/** What the same machine does without this system, in the same minute. */
export async function runYardsticks(settings: Settings): Promise<LoadResult[]> {
  const options = { lanes: AT_ONCE, ...settings };
  console.error('yardsticks: a bare Fastify route ...');
  const http = await serve({ do: 'serve-http' });
  const route = await load({ kind: 'get', url: http.at, paths: ['/'] }, options);
  http.end();
  const results: LoadResult[] = [{ name: 'bare Fastify route', ...route }];

  const { url: amqpUrl } = SERVERS.rabbitmq;
  if (!(await isReachable(amqpUrl))) return results;
  console.error('yardsticks: a bare request and reply over RabbitMQ ...');
  const replier = await serve({ do: 'serve-rpc', amqpUrl });
  const rpc = await load({ kind: 'rpc', amqpUrl, queue: replier.at }, options);
  replier.end();
  return [...results, { name: 'bare amqplib request/reply', ...rpc }];
}
