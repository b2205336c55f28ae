const PATIENCE_MS = 10_000;

export type Fate = 'consumed' | 'duplicate' | 'retried' | 'dead';

/** Lets a test wait for what became of an event instead of sleeping. */
export class Spy {
  private readonly seen: { consumer: string; eventId: string; fate: Fate }[] = [];
  private waiting: (() => void)[] = [];

  note(consumer: string, eventId: string, fate: Fate): void {
    this.seen.push({ consumer, eventId, fate });
    for (const wake of this.waiting.splice(0)) wake();
  }

  count(eventId: string, fate: Fate): number {
    return this.seen.filter((one) => one.eventId === eventId && one.fate === fate).length;
  }

  /** Rejects after ten seconds with what was seen instead. */
  async waitFor(eventId: string, fate: Fate): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (this.count(eventId, fate) === 0) {
      const left = until - Date.now();
      if (left <= 0) throw new Error(`${eventId} was never ${fate}: ${JSON.stringify(this.seen)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }
}
