import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { MessageContext } from '@order-system/messaging/context';
import { type Actor, GUEST } from '@order-system/contracts/primitives';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalid } from './invalid.js';

/** Of the ten seconds within which everybody has an answer: the last one is for saying that it took too long. */
const BUDGET_MS = 9000;
const CORRELATION_ID = /^[A-Za-z0-9._:/+=-]{1,128}$/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** The client's correlation id when it is harmless, otherwise a new one. It is the request's id. */
export function correlationIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-correlation-id'];
  return typeof given === 'string' && CORRELATION_ID.test(given) ? given : randomUUID();
}

/** Throws VALIDATION_FAILED when the header is no usable key. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return header;
  throw invalid('Idempotency-Key', 'must be 1 to 255 printable characters');
}

/** @param elapsedMs since the request came: who asks had to be found out first */
function contextOf(request: FastifyRequest, actor: Actor, elapsedMs: number): MessageContext {
  const key = request.method === 'POST' ? idempotencyKeyOf(request.headers['idempotency-key']) : undefined;
  return {
    correlationId: request.id,
    actor,
    deadline: Date.now() + BUDGET_MS - elapsedMs,
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}

/** Who asks, under which correlation id, until when. */
export const Context = createParamDecorator((_: unknown, context: ExecutionContext): MessageContext => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  return contextOf(request, request.actor ?? GUEST, http.getResponse<FastifyReply>().elapsedTime);
});
