import type { Call } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { invalidFields, isOnlyUnknown } from '@order-system/contracts/invalid';
import { logger } from '@order-system/observability/logger';
import { rpcServerSeconds } from '@order-system/observability/metrics';
import { isUnavailable } from '@order-system/prisma/sql-errors';
import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { type Observable, firstValueFrom, isObservable, throwError } from 'rxjs';
import { z } from 'zod';
import { type MessageContext, msLeft } from './context.js';
import { reportDefect } from './defects.js';
import { ofAnotherVersion, toReply, written } from './rpc-reply.js';

const log = logger('rpc');

type Handlers = Map<string, MessageHandler>;

/** What RabbitMQ takes at most, unless told otherwise: of more it closes the channel, with the replies to all others. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Answers one call, as it is written on the wire; never throws. Both transports end here. */
export async function answer(
  handlers: Handlers,
  name: string,
  data: unknown,
  ctx: MessageContext,
): Promise<string> {
  if (name.endsWith('.ping')) return written({ response: {} });
  const handler = handlers.get(name);
  if (!handler) return toReply(unknownHere(name, ctx));
  const done = rpcServerSeconds.startTimer({ call: name });
  try {
    const reply = written({ response: await respond(handler, data, ctx) });
    refuseTooMuch(reply, name, ctx);
    done({ outcome: 'OK' });
    log.debug({ call: name, correlationId: ctx.correlationId, outcome: 'OK' }, 'answered');
    return reply;
  } catch (error) {
    const refusal = expected(error, name, ctx);
    done({ outcome: refusal.code });
    log.debug({ call: name, correlationId: ctx.correlationId, outcome: refusal.code }, 'answered');
    return toReply(refusal);
  }
}

function refuseTooMuch(reply: string, name: string, { correlationId }: MessageContext): void {
  const bytes = Buffer.byteLength(reply);
  if (bytes <= MOST_BYTES) return;
  log.error({ call: name, correlationId, bytes }, 'an answer is larger than a broker takes');
  throw new DomainError('INTERNAL', 'The answer is too large to be sent; ask for less at a time.');
}

function unknownHere(name: string, { correlationId }: MessageContext): DomainError {
  log.warn(
    { call: name, correlationId },
    'a call, or a field or value of it, that this version does not know',
  );
  return ofAnotherVersion(name.slice(0, name.indexOf('.')));
}

async function respond(handler: MessageHandler, data: unknown, ctx: MessageContext): Promise<unknown> {
  if (msLeft(ctx) < 0) throw new DomainError('SERVICE_UNAVAILABLE', 'The request came too late.');
  const { call } = handler.extras as { call: Call };
  const input = readInput(call, data, ctx);
  return z.encode(call.output, await settle(await handler(input, ctx)));
}

/** The door has looked at it already: what is unknown here is of another version, and not to be passed over. */
function readInput(call: Call, data: unknown, ctx: MessageContext): unknown {
  const input = call.input.safeParse(data, { reportInput: true });
  if (input.success) return input.data;
  throw isOnlyUnknown(input.error) ? unknownHere(call.name, ctx) : invalidFields(input.error);
}

const settle = (result: unknown): Promise<unknown> =>
  isObservable(result) ? firstValueFrom(result) : Promise.resolve(result);

/** Refusals pass; an outage becomes 503; a defect is logged here, where it happened, and leaves as INTERNAL. */
function expected(error: unknown, name: string, { correlationId }: MessageContext): DomainError {
  if (error instanceof DomainError) return error;
  if (isUnavailable(error)) {
    log.warn({ call: name, correlationId, err: error }, 'the database is not available');
    return new DomainError(
      'SERVICE_UNAVAILABLE',
      'The service is not available right now; try again shortly.',
    );
  }
  log.error({ call: name, correlationId, err: error }, 'a call failed');
  reportDefect(name.slice(0, name.indexOf('.')), `call ${name}`, error, correlationId);
  return new DomainError('INTERNAL', 'Something went wrong; quote the correlation id when you report it.');
}

/** Nest turns every error that is not its own into "Internal server error"; ours are told apart later. */
@Catch()
export class PassErrorsOn implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
