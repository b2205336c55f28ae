import { DomainError } from '@order-system/contracts/errors';
import type { Actor } from '@order-system/contracts/primitives';

/** The log tells of everybody. */
export function onlyStaff({ role }: Actor): void {
  if (role !== 'admin') throw new DomainError('FORBIDDEN', 'Only staff may look at the events.');
}
