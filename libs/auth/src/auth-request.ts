import type { LogIn } from '@order-system/contracts/auth.contracts';
import type { WireOutput } from '@order-system/contracts/define';
import type { Actor } from '@order-system/contracts/primitives';

export type LogInAnswer = WireOutput<typeof LogIn>;

/** A Fastify request, as far as authentication reads it, and what it adds to it. */
export interface AuthRequest {
  /** Fastify's request id, which the gateway makes the correlation id. */
  readonly id: string;
  readonly headers: { readonly authorization?: string };
  readonly body: unknown;
  actor?: Actor;
  login?: LogInAnswer;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by AccessGuard before any handler runs. */
    actor?: Actor;
  }
}
