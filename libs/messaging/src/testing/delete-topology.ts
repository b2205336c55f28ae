import { connect } from 'amqplib';
import { names } from '../rabbitmq/topology.js';

interface Leftovers {
  url: string;
  namespace: string;
  ladder: readonly number[];
  consumers: readonly string[];
  services: readonly string[];
}

/** Without a timeout amqplib waits for ever on a broker that accepts and says nothing. */
const HANDSHAKE_MS = 10_000;
/** The gateway has no table to write its name down in. */
const PUSHES = 'gateway.pushes';

/** Removes everything a test's namespace has on the broker, but for what ends with a process, or a minute after it. */
export async function deleteTopology({
  url,
  namespace,
  ladder,
  consumers,
  services,
}: Leftovers): Promise<void> {
  const { events, unrouted, deadLetters, delay, work, all } = names(namespace);
  const connection = await connect(url, { timeout: HANDSHAKE_MS });
  const channel = await connection.createChannel();
  const delays = [...new Set(ladder)].map(delay);
  const rpc = services.map((service) => `${namespace}.rpc.${service}`);
  for (const queue of [unrouted, deadLetters, ...delays, ...rpc, ...consumers.map(work)])
    await channel.deleteQueue(queue);
  for (const exchange of [events, unrouted, deadLetters, all(PUSHES), ...delays])
    await channel.deleteExchange(exchange);
  await connection.close();
}
