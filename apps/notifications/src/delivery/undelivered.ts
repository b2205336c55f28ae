import { defineEvent } from '@order-system/contracts/define';
import { Id } from '@order-system/contracts/primitives';
import { z } from 'zod';

/**
 * The message of a dead delivery. Nobody publishes it: it exists in dead letters alone, so the only way it reaches its
 * consumer is that an admin redrives the letter. What everybody is told of a failure is notification.failed. It holds ids
 * only: dead letters outlive the person's account.
 */
export const Undelivered = defineEvent('notification.undelivered', 1, z.object({ deliveryId: Id }));

export const UNDELIVERED_CONSUMER = 'notifications.mail';
