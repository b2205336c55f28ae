import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { logger } from './logger.js';

/** Throws, or answers false, when the part is not usable. */
export type Check = () => boolean | Promise<boolean>;

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Options {
  /** 0: any free one. */
  port: number;
  checks: Readonly<Record<string, Check>>;
  registry: Registry;
}

const log = logger('health');
const CHECK_MS = 2000;

/** What checks say, none for longer than 2 s. Why one fails is logged once, until it holds again. */
class Readiness {
  private readonly failing = new Set<string>();

  constructor(private readonly checks: Readonly<Record<string, Check>>) {}

  async ask(): Promise<{ isReady: boolean; checks: Record<string, 'up' | 'down'> }> {
    const states = await Promise.all(
      Object.entries(this.checks).map(
        async ([name, check]) => [name, (await this.holds(name, check)) ? 'up' : 'down'] as const,
      ),
    );
    return { isReady: states.every(([, state]) => state === 'up'), checks: Object.fromEntries(states) };
  }

  private async holds(name: string, check: Check): Promise<boolean> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_MS / 1_000} s`)), CHECK_MS);
    try {
      const isUp = await Promise.race([check(), tooLate]);
      this.failing.delete(name);
      return isUp;
    } catch (err) {
      if (!this.failing.has(name)) log.warn({ check: name, err }, 'a health check fails');
      this.failing.add(name);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Serves /health/live, /health/ready and /metrics of a service's own process. Rejects when the port is taken. */
export async function startHealthServer(options: Options): Promise<HealthServer> {
  const answers = { readiness: new Readiness(options.checks), registry: options.registry };
  const server = createServer((request, response) => {
    route(request.method ?? '', request.url ?? '', answers, response).catch((err: unknown) => {
      log.warn({ err, url: request.url }, 'a question about health could not be answered');
      send(response, 500, { status: 'error' });
    });
  });
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

interface Answers {
  readiness: Readiness;
  registry: Registry;
}

async function route(
  method: string,
  url: string,
  { readiness, registry }: Answers,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, { status: 'method not allowed' });
  switch (url.split('?', 1)[0]) {
    case '/health/live':
      return send(response, 200, { status: 'up' });
    case '/health/ready': {
      const { isReady, checks } = await readiness.ask();
      return send(response, isReady ? 200 : 503, { status: isReady ? 'up' : 'down', checks });
    }
    case '/metrics':
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(await registry.metrics());
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
