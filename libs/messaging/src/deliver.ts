import { routingKey } from '@order-system/contracts/define';
import { SYSTEM } from '@order-system/contracts/primitives';
import type { Database } from '@order-system/prisma/database';
import type { z } from 'zod';
import { apply, HandlerFailure, type Known } from './apply.js';
import type { Consumer } from './consumer.js';
import { deadlineIn } from './context.js';
import { EventMessage } from './events.js';
import { EarlyEvent, PoisonMessage } from './retry.js';

/** How long it is remembered what was applied: past that nobody can tell whether an event would be applied twice. */
export const INBOX_DAYS = 30;

/** Checks a message that came from outside the program. Throws PoisonMessage. */
export function readMessage(raw: unknown): EventMessage {
  const message = EventMessage.safeParse(raw);
  if (!message.success) throw new PoisonMessage(`not an event: ${firstOf(message.error)}`);
  return message.data;
}

/** The first field that is wrong, and why. */
const firstOf = ({ issues: [issue] }: z.ZodError): string =>
  [issue?.path.join('.') ?? '', issue?.message ?? ''].filter((text) => text !== '').join(': ');

/** Finds the handler and checks the data. Throws PoisonMessage. */
export function recognise(consumer: Consumer, message: EventMessage): Known {
  const subscription = consumer.subscriptions.get(routingKey(message));
  if (!subscription) throw new PoisonMessage(`${consumer.name} does not know ${routingKey(message)}`);
  const data = subscription.contract.data.safeParse(message.data);
  if (!data.success) throw new PoisonMessage(`${routingKey(message)}: ${firstOf(data.error)}`);
  const { correlationId, id: causationId } = message;
  const ctx = { correlationId, causationId, actor: SYSTEM, deadline: deadlineIn() };
  return { subscription, event: { ...message, data: data.data }, ctx };
}

export const earlyEvent = ({ event: { aggregate } }: Known): EarlyEvent =>
  new EarlyEvent(`an earlier event of ${aggregate.type} ${aggregate.id}`);

/**
 * Applies one event to a consumer's tables exactly once; `again`, for replaying, also when it has been applied, and
 * without regard to what came before it. Throws PoisonMessage, EarlyEvent, or what the handler throws; then nothing has
 * changed.
 */
export async function deliver(
  db: Database,
  consumer: Consumer,
  message: EventMessage,
  { again = false } = {},
): Promise<'consumed' | 'duplicate'> {
  const known = recognise(consumer, message);
  try {
    const [outcome = 'duplicate'] = await apply(db, consumer, [known], again);
    if (outcome === 'early') throw earlyEvent(known);
    return outcome;
  } catch (error) {
    throw error instanceof HandlerFailure ? error.cause : error;
  }
}
