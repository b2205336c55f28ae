import { DomainError } from './errors.js';
import type { Actor } from './primitives.js';

/** The id of who is signed in. Throws UNAUTHENTICATED. */
export function signedIn({ id }: Actor, detail = 'Sign in first.'): string {
  if (id === null) throw new DomainError('UNAUTHENTICATED', detail);
  return id;
}

/** `what` completes "Only staff may ...". Throws FORBIDDEN, or UNAUTHENTICATED for a guest. */
export function assertStaff(actor: Actor, what: string): void {
  if (actor.role === 'guest') signedIn(actor);
  if (actor.role !== 'admin') throw new DomainError('FORBIDDEN', `Only staff may ${what}.`);
}

/** Whose rows the actor may see or change; null: everybody's. Throws UNAUTHENTICATED for a guest. */
export const ownerFilter = (actor: Actor): string | null =>
  actor.role === 'admin' || actor.role === 'system' ? null : signedIn(actor);
