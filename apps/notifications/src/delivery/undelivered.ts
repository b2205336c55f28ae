import { defineEvent } from '@order-system/contracts/define';
import { Id, SYSTEM } from '@order-system/contracts/primitives';
import { newId } from '@order-system/prisma/id';
import { z } from 'zod';

/**
 * The message of a dead delivery. Nobody publishes it: it exists in dead letters alone, so the only way it reaches its
 * consumer is that an admin redrives the letter. What everybody is told of a failure is notification.failed.
 */
export const Undelivered = defineEvent('notification.undelivered', 1, z.object({ deliveryId: Id }));

export const UNDELIVERED_CONSUMER = 'notifications.mail';

interface Failed {
  deliveryId: string;
  aggregate: { type: string; id: string; version: number };
  correlationId: string;
  causationId: string;
}

/** As an event in its wire form. It holds ids only: dead letters outlive the person's account. */
export const undelivered = ({ deliveryId, ...about }: Failed) => ({
  id: newId(),
  type: Undelivered.type,
  version: Undelivered.version,
  data: { deliveryId },
  actor: SYSTEM,
  occurredAt: new Date().toISOString(),
  ...about,
});
