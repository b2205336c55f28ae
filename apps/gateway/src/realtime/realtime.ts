import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SessionCheck } from '@order-system/auth/session-check';
import { AccessTokens } from '@order-system/auth/tokens';
import { isProduction } from '@order-system/config/config';
import { DomainError } from '@order-system/contracts/errors';
import type { EventBroker } from '@order-system/messaging/broker';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { logger } from '@order-system/observability/logger';
import { Outage } from '@order-system/redis/outage';
import { RateLimits } from '@order-system/redis/rate-limits';
import { createSubscriber } from '@order-system/redis/redis-client';
import { REDIS } from '@order-system/redis/redis.module';
import { createAdapter } from '@socket.io/redis-adapter';
import type { Redis } from 'ioredis';
import { Server } from 'socket.io';
import type { GatewayConfig } from '../gateway.config.js';
import { allowedOrigins, isAllowedOrigin } from '../http/cors.js';
import { keyOfUser } from '../http/limit.guard.js';
import { SOCKET_PATH } from '../http/server-options.js';
import { PushListener } from './push-listener.js';
import { contextOf, isRefusal, type RealtimeServer, SocketAuth, type UserSocket } from './socket-auth.js';
import { CLIENT_EVENTS } from './socket-events.js';
import { SocketLimits } from './socket-limits.js';

const log = logger('realtime');
const MOST_BYTES = 64 * 1024;
/** A client that does not read is let go before its backlog fills the memory. */
const MOST_BACKLOG = 5000;
const SWEEP_MS = 5000;

type Ack = (answer: Record<string, unknown>) => void;

/** Socket.IO on the gateway's own port. Pushes are caused by events alone. */
export async function serveRealtime(
  app: NestFastifyApplication,
  broker: EventBroker,
  config: GatewayConfig,
): Promise<void> {
  const origins = allowedOrigins(config, isProduction());
  const io: RealtimeServer = new Server(app.getHttpServer(), {
    path: SOCKET_PATH,
    maxHttpBufferSize: MOST_BYTES,
    serveClient: false,
    cors: { origin: origins, credentials: true },
    // cors does not stop WebSocket upgrades.
    allowRequest: ({ headers: { origin, host } }, done) =>
      done(null, origin === undefined || isOwn(origin, host) || isAllowedOrigin(origin, origins)),
  });
  const redis = app.get<Redis | null>(REDIS);
  const subscriber = shareAmongGateways(io, redis, config.MESSAGING_NAMESPACE);
  const sessions = app.get(SessionCheck, { strict: false });
  const auth = new SocketAuth(
    app.get(AccessTokens, { strict: false }),
    sessions,
    countRequests(app.get(RateLimits, { strict: false }), config),
  );
  io.use((socket, next) => {
    auth.admit(socket).then(
      () => next(),
      (err: unknown) => {
        log.debug({ err }, 'a socket was refused');
        // Who is refused stays away; one whose connection breaks comes again, so nothing is refused that is not known.
        if (!isRefusal(err)) socket.conn.close(true);
        next(new Error('Authentication error'));
      },
    );
  });
  const rpc = app.get(RpcClient, { strict: false });
  const limits = new SocketLimits(config.SOCKET_RATE_LIMIT);
  io.on('connection', (socket) => {
    serve(socket, rpc, limits);
    void auth.settle(socket);
  });
  const pushes = await new PushListener(io, sessions).listen(broker);
  const sweep = setInterval(() => {
    dropSlow(io);
    limits.forgetSilent();
  }, SWEEP_MS).unref();
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preClose', async () => {
      clearInterval(sweep);
      await pushes.close();
      // Clients that are sent away by name stay away; those whose connection breaks look for another gateway.
      io.engine.close();
      subscriber?.disconnect();
    });
}

/** To connect is a request like any other, and asks auth twice. */
const countRequests =
  (limits: RateLimits, { THROTTLE_TTL, THROTTLE_LIMIT }: GatewayConfig) =>
  async (userId: string): Promise<boolean> =>
    (await limits.increment(keyOfUser(userId), THROTTLE_TTL, THROTTLE_LIMIT)).isBlocked;

const isOwn = (origin: string, host: string | undefined): boolean =>
  host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);

/** With Redis what the client of one gateway says to a room reaches the sockets of all. */
function shareAmongGateways(io: RealtimeServer, redis: Redis | null, namespace: string): Redis | undefined {
  if (redis === null) return undefined;
  const subscriber = createSubscriber(redis);
  const outage = new Outage(log);
  const publisher = {
    on: redis.on.bind(redis),
    off: redis.off.bind(redis),
    // The adapter does not await this: a rejection nobody catches would end the process.
    publish: (channel: string, message: string | Buffer) =>
      outage.guard(() => redis.publish(channel, message)),
  };
  io.adapter(createAdapter(publisher, subscriber, { key: `${namespace}:socket.io` }));
  return subscriber;
}

/** Every event of a client is answered, by its handler or with why not; each once what came before it is done. */
function serve(socket: UserSocket, rpc: RpcClient, limits: SocketLimits): void {
  let before = Promise.resolve();
  socket.use(([name, ...rest]) => {
    const last: unknown = rest.at(-1);
    const ack: Ack = typeof last === 'function' ? (last as Ack) : () => undefined;
    const payload: unknown = typeof rest[0] === 'function' ? undefined : rest[0];
    if (!limits.take(socket.data.actor.id))
      return ack({ ok: false, code: 'RATE_LIMITED', message: 'Slow down.' });
    const handler = Object.hasOwn(CLIENT_EVENTS, String(name)) ? CLIENT_EVENTS[String(name)] : undefined;
    if (!handler) return ack({ ok: false, code: 'VALIDATION_FAILED', message: 'There is no such event.' });
    // The time it has runs from now on, also while it waits.
    const sender = { socket, rpc, ctx: contextOf(socket) };
    before = before
      .then(() => handler(sender, payload))
      .then(
        (answer) => ack({ ok: true, ...answer }),
        (error: unknown) => ack(refusalOf(error)),
      );
  });
}

function refusalOf(error: unknown): Record<string, unknown> {
  if (error instanceof DomainError) return { ok: false, code: error.code, message: error.detail };
  log.error({ err: error }, 'a socket event failed');
  return { ok: false, code: 'INTERNAL', message: 'Something went wrong.' };
}

function dropSlow(io: RealtimeServer): void {
  for (const socket of io.sockets.sockets.values()) {
    const { writeBuffer } = socket.conn as unknown as { writeBuffer: unknown[] };
    if (writeBuffer.length > MOST_BACKLOG) socket.conn.close(true);
  }
}
