import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { invalid } from '@order-system/contracts/invalid';
import { deadlineIn, type MessageContext } from '@order-system/messaging/context';
import { GUEST } from '@order-system/contracts/primitives';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Of the ten seconds within which everybody has an answer: the last one is for saying that it took too long. */
const BUDGET_MS = 9000;
const CORRELATION_ID = /^[A-Za-z0-9._:/+=-]{1,128}$/;
/** W3C Trace Context, level 1: version, trace id, parent id, flags; later versions may add to it. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * The client's correlation id when it is harmless, else the id of the trace that the request is a part of, else a new one.
 * It is the request's id.
 */
export function correlationIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-correlation-id'];
  if (typeof given === 'string' && CORRELATION_ID.test(given)) return given;
  const { traceparent } = headers;
  return (typeof traceparent === 'string' && TRACEPARENT.exec(traceparent)?.[1]) || randomUUID();
}

/** Throws VALIDATION_FAILED when the header is no usable key. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return header;
  throw invalid('Idempotency-Key', 'must be 1 to 255 printable characters');
}

/** Who asks, under which correlation id, until when. Throws VALIDATION_FAILED when the idempotency key is not usable. */
export function contextOf(execution: ExecutionContext): MessageContext {
  const http = execution.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const key = request.method === 'POST' ? idempotencyKeyOf(request.headers['idempotency-key']) : undefined;
  return {
    correlationId: request.id,
    actor: request.actor ?? GUEST,
    // Who asks had to be found out first.
    deadline: deadlineIn(BUDGET_MS - http.getResponse<FastifyReply>().elapsedTime),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}

export const Context = createParamDecorator((_: unknown, execution: ExecutionContext) =>
  contextOf(execution),
);
