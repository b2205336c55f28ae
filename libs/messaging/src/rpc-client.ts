import type { Call, CallInput, CallOutput, WireOutput } from '@order-system/contracts/define';
import { serviceOf } from '@order-system/contracts/define';
import { DomainError, hasCode } from '@order-system/contracts/errors';
import { fieldErrors } from '@order-system/contracts/invalid';
import { logger } from '@order-system/observability/logger';
import { rpcClientSeconds } from '@order-system/observability/metrics';
import { z } from 'zod';
import { type MessageContext, msLeft, systemContext } from './context.js';
import { fromReply, ofAnotherVersion, type RpcReply, unavailable } from './rpc-reply.js';

const log = logger('rpc');

const PATIENCE_MS = { query: 2000, command: 8000 };
const PING_MS = 1000;
/** Calls of this process that a service may have under way: as many as its queue holds. More would wait in vain. */
const MOST_UNDER_WAY = 1000;
/** Who asks because they are asked themselves still has this long to answer without the answer, or to undo something. */
const SPARE_MS = 500;
/** Below this much time left a second try makes no sense. */
const LEAST_MS = 200;

export interface RpcRequest {
  service: string;
  name: string;
  data: unknown;
  ctx: MessageContext;
  /** More than none. The clock is asked once for each try: it goes on meanwhile. */
  patienceMs: number;
}

/** Calls other services. Every call ends by its deadline: with an answer, or a DomainError. */
export abstract class RpcClient {
  private readonly underWay = new Map<string, number>();

  /** Resolves with the reply, or rejects with SERVICE_UNAVAILABLE by the deadline. */
  protected abstract send(request: RpcRequest): Promise<RpcReply>;
  abstract close(): Promise<void>;

  /** The answer in the program's own form: minor units, Dates. */
  async call<C extends Call>(call: C, input: CallInput<C>, ctx: MessageContext): Promise<CallOutput<C>> {
    const answer = call.output.safeParse(await this.forward(call, input, ctx));
    if (answer.success) return answer.data as CallOutput<C>;
    // Who answers has checked it by its own contract.
    const errors = fieldErrors(answer.error);
    log.warn({ call: call.name, correlationId: ctx.correlationId, errors }, 'an answer of another version');
    throw ofAnotherVersion(serviceOf(call));
  }

  /** The answer as it came, to be passed on. */
  async forward<C extends Call>(call: C, input: CallInput<C>, ctx: MessageContext): Promise<WireOutput<C>> {
    const data = z.encode(call.input, input);
    const msToWait = () => msLeft(ctx) - SPARE_MS;
    const attempt = () => {
      const patienceMs = Math.min(msToWait(), PATIENCE_MS[call.kind]);
      return this.request({ service: serviceOf(call), name: call.name, data, ctx, patienceMs });
    };
    try {
      return (await attempt()) as WireOutput<C>;
    } catch (error) {
      const again = call.kind === 'query' && isOutage(error) && msToWait() > LEAST_MS;
      if (!again) throw error;
      return (await attempt()) as WireOutput<C>;
    }
  }

  /** Milliseconds until the service answered; throws SERVICE_UNAVAILABLE when it does not. */
  async ping(service: string): Promise<number> {
    const from = performance.now();
    const request = { service, name: `${service}.ping`, data: {}, ctx: systemContext(), patienceMs: PING_MS };
    await this.request(request);
    return performance.now() - from;
  }

  private async request(request: RpcRequest): Promise<unknown> {
    const done = rpcClientSeconds.startTimer({ call: request.name });
    try {
      const response = await this.ask(request);
      done({ outcome: 'OK' });
      return response;
    } catch (error) {
      done({ outcome: error instanceof DomainError ? error.code : 'INTERNAL' });
      throw error;
    }
  }

  private async ask(request: RpcRequest): Promise<unknown> {
    const { service, patienceMs } = request;
    if (patienceMs <= 0) throw unavailable(service, 'did not answer in time');
    if ((this.underWay.get(service) ?? 0) >= MOST_UNDER_WAY) throw unavailable(service, 'has too much to do');
    this.count(service, 1);
    try {
      return fromReply(await this.send(request));
    } finally {
      this.count(service, -1);
    }
  }

  private count(service: string, more: 1 | -1): void {
    this.underWay.set(service, (this.underWay.get(service) ?? 0) + more);
  }
}

const isOutage = (error: unknown): boolean => hasCode(error, 'SERVICE_UNAVAILABLE');
