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
import { internal, type Problem, problemHeaders, problemOf, refusalOf } from './problem.js';
import type { RouteTable } from './route-table.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The page that a browser gets of an error here. */
    problemPage?: (reply: FastifyReply, problem: Problem) => string;
  }
}

/** Every error leaves as problem+json, or as a page where people open one; here alone a code becomes a status. */
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
    const problem = problemOf(known, request.id);
    const page = request.headers.accept?.includes('text/html')
      ? request.routeOptions.config.problemPage
      : undefined;
    // Fastify would hang up, and whoever still sends a large body see that instead of this answer. Node reads the rest, for
    // as long as a request may take.
    reply.removeHeader('connection');
    void reply.code(known.status).header('x-correlation-id', request.id).headers(problemHeaders(known));
    if (page) void reply.send(page(reply, problem));
    else void reply.serializer(JSON.stringify).send(problem);
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
