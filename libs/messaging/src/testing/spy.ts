export type Outcome = 'consumed' | 'duplicate' | 'retried' | 'dead';

/** Lets a test wait for what became of an event instead of sleeping. */
export class Spy {
  private readonly seen: { consumer: string; eventId: string; outcome: Outcome }[] = [];
  private waiting: (() => void)[] = [];

  note(consumer: string, eventId: string, outcome: Outcome): void {
    this.seen.push({ consumer, eventId, outcome });
    for (const wake of this.waiting.splice(0)) wake();
  }

  count(eventId: string, outcome: Outcome): number {
    return this.seen.filter((one) => one.eventId === eventId && one.outcome === outcome).length;
  }

  /** Rejects after `patienceMs` with what was seen instead. */
  async waitFor(eventId: string, outcome: Outcome, patienceMs = 10_000): Promise<void> {
    const until = Date.now() + patienceMs;
    while (this.count(eventId, outcome) === 0) {
      const left = until - Date.now();
      if (left <= 0) throw new Error(`${eventId} was never ${outcome}: ${JSON.stringify(this.seen)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }
}
