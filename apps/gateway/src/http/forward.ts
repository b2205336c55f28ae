import { createParamDecorator, type ExecutionContext, Injectable, type Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import type { FastifyRequest } from 'fastify';
import { OPERATION, type PassedOn } from '../openapi/operation.js';
import { type Found, pageOf, type Paging, success } from './answer.js';
import { readInput } from './input.js';
import { contextOf } from './request-context.js';

/** What a request to a route asks of a service: the call of its operation, with the checked input. */
export interface CheckedCall {
  operation: PassedOn;
  ctx: MessageContext;
  input: unknown;
}

function readCall(_: unknown, execution: ExecutionContext): CheckedCall {
  const operation = Reflect.getMetadata(OPERATION, execution.getHandler()) as PassedOn;
  const request = execution.switchToHttp().getRequest<FastifyRequest>();
  // As where a route reads them itself: a bad Idempotency-Key is refused before a bad input.
  return { operation, ctx: contextOf(execution), input: readInput(operation.call, request) };
}

/** For a route that only passes its call on. */
export const Checked = createParamDecorator(readCall);

/** Whether the route has a parameter that is @Checked(). */
export function takesCheckedCall(controller: Type, handler: string): boolean {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as object;
  return Object.values(parameters).some(({ factory }: { factory?: unknown }) => factory === readCall);
}

@Injectable()
export class Forwarder {
  constructor(private readonly rpc: RpcClient) {}

  /** Asks the service, and answers as the operation says. */
  async forward({ operation, ctx, input }: CheckedCall): Promise<unknown> {
    const found = await this.rpc.forward(operation.call, input, ctx);
    switch (operation.answer) {
      case 'page':
        return pageOf(found as Found, input as Paging);
      case 'bare':
        return found;
      case 'none':
        return undefined;
      case 'data':
      case undefined:
        return success(found);
    }
  }
}
