import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { FreshSession, OptionalUser, Public, Reader, Roles } from '@order-system/auth/decorators';
import type { Call } from '@order-system/contracts/define';
import type { ErrorCode } from '@order-system/contracts/errors';
import type { z } from 'zod';
import { StrictlyLimited, Unlimited } from '../http/limit.guard.js';

export const OPERATION = 'order-system:operation';

/** What a route does, for whom, and how it answers: the one source of its access and of its documentation. */
export interface Operation {
  summary: string;
  description?: string;
  /**
   * all: no token is looked at. reader: one that is no good is as good as none. guest: with a good one or without. user,
   * admin: only with.
   */
  who: 'all' | 'reader' | 'guest' | 'user' | 'admin';
  /** Its input is made of path, query or body; its output is the answer. */
  call?: Call;
  /** The body when it is not the call's input less what is in the path. */
  body?: z.ZodType;
  /** The answer when it is not the call's output as it is. */
  output?: z.ZodType;
  /** data (in the envelope) unless said otherwise; pages, plain text and bare objects are exceptions. */
  answer?: 'data' | 'page' | 'bare' | 'none' | 'html' | 'text';
  /** 200 unless said otherwise. */
  status?: 200 | 201 | 202 | 204;
  /** Query parameters beside those of the call, always needed. */
  query?: readonly string[];
  /** Content types of the body other than JSON alone. Who sends a form is answered with a page. */
  accepts?: readonly string[];
  /** Refusals beside those that any such route has. */
  fails?: readonly ErrorCode[];
  /** A POST takes an Idempotency-Key, for all only where it says so; not where a repetition does no harm. */
  keyed?: boolean;
  /** Of a body. */
  example?: unknown;
  limit?: 'auth' | 'none';
  /** Ask about the session at each request. */
  fresh?: boolean;
}

/** What its route takes and answers is what the call does. */
export type PassedOn = Operation & { call: Call; answer?: Exclude<Operation['answer'], 'html' | 'text'> };

export const isPassedOn = ({ call, body, output, answer }: Operation): boolean =>
  call !== undefined && body === undefined && output === undefined && answer !== 'html' && answer !== 'text';

const access = ({ who }: Operation) => {
  switch (who) {
    case 'all':
      return [Public()];
    case 'reader':
      return [Reader()];
    case 'guest':
      return [OptionalUser()];
    case 'admin':
      return [Roles('admin')];
    case 'user':
      return [];
  }
};

const limit = ({ limit: bucket }: Operation) => {
  switch (bucket) {
    case 'auth':
      return [StrictlyLimited()];
    case 'none':
      return [Unlimited()];
    case undefined:
      return [];
  }
};

/** Marks a route; one without it does not start. */
export const Operation = (operation: Operation): MethodDecorator =>
  applyDecorators(
    SetMetadata(OPERATION, operation),
    HttpCode(operation.status ?? 200),
    ...access(operation),
    ...limit(operation),
    ...(operation.fresh ? [FreshSession()] : []),
  );
