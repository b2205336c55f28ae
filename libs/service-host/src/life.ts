import { randomUUID } from 'node:crypto';
import type { EventContract, EventData } from '@order-system/contracts/define';
import { SystemError, SystemShutdown, SystemStartup } from '@order-system/contracts/system.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Database } from '@order-system/prisma/database';
import { isDuplicate } from '@order-system/prisma/sql-errors';

const QUIET_MS = 10_000;
const MOST_REMEMBERED = 1000;

/** What one instance of a service tells of itself: that it started, what went wrong by a fault of ours, that it ends. */
export class Life {
  private readonly instance = randomUUID();
  private readonly toldAt = new Map<string, number>();
  private version = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly service: string,
  ) {}

  begin(): Promise<void> {
    return this.tell(SystemStartup, {});
  }

  end(): Promise<void> {
    return this.tell(SystemShutdown, {});
  }

  /** The same message at most once in ten seconds: a defect must not fill the log of events. */
  async defect(message: string, correlationId?: string): Promise<void> {
    const now = performance.now();
    if (now - (this.toldAt.get(message) ?? -Infinity) < QUIET_MS) return;
    if (this.toldAt.size >= MOST_REMEMBERED) this.toldAt.clear();
    this.toldAt.set(message, now);
    await this.tell(SystemError, { message }, systemContext(correlationId));
  }

  /** One after the other, so that versions have no gaps. */
  private tell<E extends EventContract>(event: E, data: object, ctx = systemContext()): Promise<void> {
    const telling = this.last.then(() => this.store(event, data, ctx));
    this.last = telling.catch(() => undefined);
    return telling;
  }

  private async store<E extends EventContract>(event: E, more: object, ctx: MessageContext): Promise<void> {
    const { service, instance: id } = this;
    const data = { service, instance: id, ...more } as EventData<E>;
    const version = this.version + 1;
    try {
      await this.db.inTx((tx) => emit(tx, ctx, [fact(event, { type: 'process', id, version }, data)]));
    } catch (error) {
      // The one before was stored, and only the answer was lost.
      if (!isDuplicate(error)) throw error;
      this.version = version;
      return this.store(event, more, ctx);
    }
    this.version = version;
  }
}
