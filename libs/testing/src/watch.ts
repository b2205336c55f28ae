import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Queries } from './oracle.js';

const EVERY_MS = 250;

/** Looks at the database again and again while other things happen. */
export class Watch implements Queries {
  /** What was found, each once. */
  readonly violations: string[] = [];
  looks = 0;
  private stopping = false;
  private running: Promise<void> = Promise.resolve();
  private readonly pool: pg.Pool;

  constructor(
    url: string,
    private readonly check: (db: Queries) => Promise<string[]>,
  ) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: 2,
      connectionTimeoutMillis: 2000,
      query_timeout: 10_000,
    });
    // A server that is killed meanwhile is part of the test.
    this.pool.on('error', () => undefined);
    this.running = this.run();
  }

  query<R = { violation: string }>(text: string, values: unknown[] = []): Promise<{ rows: R[] }> {
    return this.pool.query(text, values) as unknown as Promise<{ rows: R[] }>;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
    await this.pool.end();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const found = await this.check(this).catch(() => []);
      this.violations.push(...found.filter((one) => !this.violations.includes(one)));
      this.looks += 1;
      await pause(EVERY_MS);
    }
  }
}
