import type { EventMessage } from '@order-system/messaging/events';

/** Runs of events, `most` at the most, that may be given at once: those of one aggregate are in different runs, in order. */
export function inTurns<E extends Pick<EventMessage, 'aggregate'>>(
  events: readonly E[],
  most: number,
): E[][] {
  const turns: E[][] = [];
  let taken = new Set<string>();
  for (const event of events) {
    const turn = turns.at(-1);
    const goesAlong = turn !== undefined && turn.length < most && !taken.has(event.aggregate.id);
    if (goesAlong) turn.push(event);
    else {
      turns.push([event]);
      taken = new Set();
    }
    taken.add(event.aggregate.id);
  }
  return turns;
}
