import cookie from '@fastify/cookie';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { isProduction } from '@order-system/config/config';
import type { RpcClient } from '@order-system/messaging/rpc-client';
import { logger, NestLogger } from '@order-system/observability/logger';
import { httpServerSeconds } from '@order-system/observability/metrics';
import type { FastifyInstance } from 'fastify';
import type { GatewayConfig } from './gateway.config.js';
import { GatewayModule, controllers } from './gateway.module.js';
import { useBodyParsers } from './http/body-parsers.js';
import { allowedOrigins, corsOptions } from './http/cors.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RouteTable } from './http/route-table.js';
import { DOCS_CSP, isDocs, SECURITY_HEADERS } from './http/security-headers.js';
import { refuseHostless, serverOptions } from './http/server-options.js';
import { serveDocs } from './openapi/docs.js';
import { routesOf } from './openapi/routes.js';

export interface Gateway {
  app: NestFastifyApplication;
  routes: RouteTable;
}

/** The whole HTTP side; it does not listen yet. `prepare` runs while hooks can still be added to the server. */
export async function buildGateway(
  rpc: RpcClient,
  config: GatewayConfig,
  prepare: (app: NestFastifyApplication) => Promise<void>,
): Promise<Gateway> {
  const log = logger('gateway');
  const adapter = new FastifyAdapter(serverOptions(config.TRUSTED_PROXIES));
  const server: FastifyInstance = adapter.getInstance();
  const routes = new RouteTable();
  routes.watch(server);
  useHooks(server);
  dropIdleConnections(server);
  useBodyParsers(server);
  await server.register(cookie, { hook: false });

  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.around(rpc, config), adapter, {
    logger: new NestLogger(log),
    abortOnError: false,
    bodyParser: false,
  });
  app.setGlobalPrefix('api');
  app.useGlobalFilters(new ProblemFilter(log, routes));
  app.useSecurityHeaders(SECURITY_HEADERS);
  const origins = allowedOrigins(config, isProduction());
  if (origins.length > 0) app.enableCors(corsOptions(origins));
  serveDocs(app, routesOf(controllers));
  await prepare(app);
  await app.init();
  await server.ready();
  return { app, routes };
}

function useHooks(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-correlation-id', request.id);
    void reply.header('cache-control', 'no-store');
    if (isDocs(request.url)) void reply.header('content-security-policy', DOCS_CSP);
    refuseHostless(request.raw);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    httpServerSeconds.observe(
      { method: request.method, route, status: reply.statusCode },
      reply.elapsedTime / 1000,
    );
    done();
  });
}

/** A connection that is kept alive would hold up the end for as long as it lives. */
function dropIdleConnections(server: FastifyInstance): void {
  server.addHook('preClose', (done) => {
    const timer = setInterval(() => server.server.closeIdleConnections(), 50);
    server.server.once('close', () => clearInterval(timer));
    done();
  });
}
