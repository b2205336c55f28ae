import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** Throws, or answers false, when the part is not usable. */
export type Check = () => boolean | Promise<boolean>;

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Options {
  /** 0: any free one. */
  port: number;
  host?: string;
  checks: Readonly<Record<string, Check>>;
  registry: Registry;
}

const CHECK_MS = 2000;

/** What each check says, none for longer than 2 s. */
async function runChecks(
  checks: Readonly<Record<string, Check>>,
): Promise<{ isReady: boolean; checks: Record<string, 'up' | 'down'> }> {
  const states = await Promise.all(
    Object.entries(checks).map(
      async ([name, check]) => [name, (await holds(check)) ? 'up' : 'down'] as const,
    ),
  );
  return { isReady: states.every(([, state]) => state === 'up'), checks: Object.fromEntries(states) };
}

async function holds(check: Check): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), CHECK_MS);
  try {
    return await Promise.race([check(), tooLate]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Serves /health/live, /health/ready and /metrics of a service's own process. Rejects when the port is taken. */
export async function startHealthServer(options: Options): Promise<HealthServer> {
  const server = createServer((request, response) => {
    route(request.method ?? '', request.url ?? '', options, response).catch(() =>
      send(response, 500, { status: 'error' }),
    );
  });
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function route(method: string, url: string, options: Options, response: ServerResponse): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, { status: 'method not allowed' });
  switch (url.split('?', 1)[0]) {
    case '/health/live':
      return send(response, 200, { status: 'up' });
    case '/health/ready': {
      const { isReady, checks } = await runChecks(options.checks);
      return send(response, isReady ? 200 : 503, { status: isReady ? 'up' : 'down', checks });
    }
    case '/metrics':
      response.writeHead(200, { 'content-type': options.registry.contentType });
      response.end(await options.registry.metrics());
      return;
    default:
      return send(response, 404, { status: 'not found' });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
