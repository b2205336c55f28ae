import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Platform } from '@order-system/testing/platform';

const EVERY_MS = 2_000;
/** What a process takes to get going is no growth. */
const YOUNG_MS = 10_000;

interface Taken {
  readonly service: string;
  readonly seenAt: number;
  /** In MB, once it is no longer young. */
  first?: number;
  most: number;
}

/** Watches how much memory each of the services' processes takes. */
export class Memory {
  private readonly platform: Platform;
  private readonly processes = new Map<number, Taken>();
  private isStopping = false;
  private readonly running: Promise<void>;

  constructor(platform: Platform) {
    this.platform = platform;
    this.running = this.run();
  }

  /** In MB, by service: the most that one of its processes grew. */
  grownMb(): Record<string, number> {
    const grown: Record<string, number> = {};
    for (const { service, first, most } of this.processes.values())
      if (first !== undefined) grown[service] = Math.max(most - first, grown[service] ?? 0);
    return grown;
  }

  /** Growth counts from here. */
  beginAnew(): void {
    for (const taken of this.processes.values()) delete taken.first;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const pids = this.platform.pids();
      for (const [service, mb] of Object.entries(rssOf(pids))) this.note(pids[service]!, service, mb);
      await pause(EVERY_MS);
    }
  }

  private note(pid: number, service: string, mb: number): void {
    const taken = this.processes.get(pid) ?? { service, seenAt: Date.now(), most: mb };
    this.processes.set(pid, taken);
    if (Date.now() - taken.seenAt < YOUNG_MS) return;
    if (taken.first === undefined) taken.first = taken.most = mb;
    taken.most = Math.max(taken.most, mb);
  }
}

function rssOf(pids: Readonly<Record<string, number>>): Record<string, number> {
  const args = ['-o', 'pid=,rss=', '-p', Object.values(pids).join(',')];
  const { stdout } = spawnSync('ps', args, { encoding: 'utf8' });
  const rows = [...stdout.matchAll(/^ *(\d+) +(\d+)/gm)];
  const kb = new Map(rows.map(([, pid, rss]) => [Number(pid), Number(rss)]));
  const known = Object.entries(pids).filter(([, pid]) => kb.has(pid));
  return Object.fromEntries(known.map(([service, pid]) => [service, Math.round((kb.get(pid) ?? 0) / 1_024)]));
}
