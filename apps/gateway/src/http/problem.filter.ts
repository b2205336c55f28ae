import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  NotFoundException,
} from '@nestjs/common';
import { DomainError } from '@order-system/contracts/errors';
import type { Logger } from '@order-system/observability/logger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { internal, problemHeaders, problemOf, refusalOf } from './problem.js';
import type { RouteTable } from './route-table.js';

/** Every error leaves as problem+json; here alone a code becomes a status. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Logger,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = this.toRefusal(error, request);
    if (refusal === undefined || refusal.code === 'INTERNAL')
      this.log.error({ err: error, correlationId: request.id, method: request.method }, 'a request failed');
    const known = refusal ?? internal();
    if (reply.sent) return;
    void reply
      .code(known.status)
      .header('x-correlation-id', request.id)
      .headers(problemHeaders(known))
      .serializer(JSON.stringify)
      .send(problemOf(known, request.id));
  }

  private toRefusal(error: unknown, request: FastifyRequest): DomainError | undefined {
    if (error instanceof DomainError) return error;
    if (error instanceof HttpException && error.cause instanceof DomainError) return error.cause;
    if (error instanceof NotFoundException) return this.routes.explain(request.method, request.url);
    if (error instanceof HttpException) return refusalOf(error.getStatus());
    const { statusCode } = (error ?? {}) as { statusCode?: unknown };
    return typeof statusCode === 'number' ? refusalOf(statusCode) : undefined;
  }
}
