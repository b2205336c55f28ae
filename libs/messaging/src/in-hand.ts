import type { EventMessage } from './events.js';

/** The events that a relay has in its hands. */
export class InHand {
  private readonly versions = new Map<string, Set<number>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(aggregateId: string, version: number): boolean {
    return this.versions.get(aggregateId)?.has(version) ?? false;
  }

  add(messages: readonly EventMessage[]): void {
    for (const { aggregate } of messages) {
      const versions = this.versions.get(aggregate.id) ?? new Set();
      this.versions.set(aggregate.id, versions.add(aggregate.version));
    }
    this.count += messages.length;
  }

  remove(messages: readonly EventMessage[]): void {
    for (const { aggregate } of messages) {
      const versions = this.versions.get(aggregate.id);
      versions?.delete(aggregate.version);
      if (versions?.size === 0) this.versions.delete(aggregate.id);
    }
    this.count -= messages.length;
  }
}
