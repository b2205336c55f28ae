import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { invalid } from '@order-system/contracts/invalid';
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { currentUrl } from './old-paths.js';
import { PROBLEM_JSON, problemOf } from './problem.js';
import { correlationIdOf } from './request-context.js';

export const SOCKET_PATH = '/socket.io';

const MEGABYTE = 1_048_576;
const SLOWEST_REQUEST_MS = 10_000;
const IDLE_CONNECTION_MS = 72_000;
/** Longer than any id, so that a wrong id is refused by its schema and not by the router. */
const LONGEST_PARAM = 1000;

export const serverOptions = (
  trustedProxies: readonly string[],
): FastifyServerOptions & { http: object } => ({
  logger: false,
  bodyLimit: MEGABYTE,
  trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
  requestTimeout: SLOWEST_REQUEST_MS,
  keepAliveTimeout: IDLE_CONNECTION_MS,
  forceCloseConnections: 'idle',
  // What still comes on a connection while we end is answered as ever, and the connection is closed with it.
  return503OnClosing: false,
  // Node looks for slow requests twice a minute, and swaps the two times when that for headers (60 s) is the longer.
  // Who names no host is refused by us, with a reason (refuseHostless).
  http: {
    requireHostHeader: false,
    connectionsCheckingInterval: 1000,
    headersTimeout: SLOWEST_REQUEST_MS,
    requestTimeout: SLOWEST_REQUEST_MS,
    // What clients that would rather speak HTTP/2 ask for (curl --http2, Java's) is answered in HTTP/1.1.
    shouldUpgradeCallback: ({ url, headers }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket' && url?.startsWith(`${SOCKET_PATH}/`) === true,
  },
  clientErrorHandler: (error, socket) => refuseBytes(error.code, socket),
  genReqId: correlationIdOf,
  rewriteUrl: currentUrl,
  routerOptions: { maxParamLength: LONGEST_PARAM },
  frameworkErrors: (_error, request, reply) =>
    refuseAddress(request as FastifyRequest, reply as unknown as FastifyReply),
});

/** HTTP/1.1 asks for the header. Throws VALIDATION_FAILED. */
export function refuseHostless({ headers, httpVersion }: IncomingMessage): void {
  if (headers.host === undefined && httpVersion === '1.1') throw invalid('Host', 'is missing');
}

/** What the router cannot even read never reaches a filter or the hooks. */
function refuseAddress(request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .code(400)
    .headers({
      'content-type': PROBLEM_JSON,
      'x-correlation-id': request.id,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    .serializer(JSON.stringify)
    .send(problemOf(invalid('', 'is no usable address'), request.id));
}

const REASONS: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'took too long to arrive',
  HPE_HEADER_OVERFLOW: 'has more than 16 kB of address and headers',
};

/** What is no HTTP, or never ends, gets an answer like any other and is hung up on. */
function refuseBytes(code: string, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const reason = REASONS[code] ?? 'is not valid HTTP';
  const correlationId = randomUUID();
  const body = JSON.stringify(problemOf(invalid('', reason), correlationId));
  const head = [
    'HTTP/1.1 400 Bad Request',
    `Content-Type: ${PROBLEM_JSON}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Correlation-Id: ${correlationId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
