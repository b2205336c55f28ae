import type { Crash } from '@order-system/testing/crash';
import type { Platform } from '@order-system/testing/platform';
import type { Proxy } from '@order-system/testing/proxy';
import type { Missing, PrivateServers } from '@order-system/testing/servers';
import type { Shopper } from '@order-system/testing/shopper';
import type { Received } from '@order-system/testing/test-smtp';
import type { Pool } from 'pg';
import type { Random } from './random.ts';

export type OracleId = `O${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13}`;

/** What an oracle may find although nothing is wrong. */
export interface Allowance {
  readonly atMost: number;
  /** Of the findings that match alone; none of the others is allowed. */
  readonly only?: RegExp;
  /** Printed in the report. */
  readonly because: string;
}

export interface Fault {
  /** F6 */
  readonly id: string;
  readonly title: string;
  readonly allowed?: Partial<Record<OracleId, Allowance>>;
  /** It needs at least so long, whatever is asked for. */
  readonly atLeastSeconds?: number;
  /** What it needs and this machine does not have. */
  missing?(): Missing | undefined;
  /** Harms the running system for about `seconds`, and undoes it; resolves when the harm is over. */
  inject(rig: Rig): Promise<void>;
  /** What must hold after it besides what the oracles ask, once nothing is under way any more: a line per violation. */
  check?(rig: Rig): Promise<string[]>;
}

/** One safety is taken out of the system, so that the suite can show that it would notice. */
export interface Control extends Fault {
  /** What must find something; no other oracle may. */
  readonly seenBy: OracleId;
  /** Part of the tests' selection. */
  readonly isShort?: true;
}

export type Dependency = 'postgres' | 'rabbitmq' | 'redis' | 'smtp' | 'webhook';

/** A running system under load, to one fault. Its functions may be taken out of it. */
export interface Rig {
  readonly seconds: number;
  /** Of this fault alone. */
  readonly random: Random;
  /** The gateway's address, without a path. */
  readonly url: string;
  readonly platform: Platform;
  readonly servers: PrivateServers;
  /** What the services connect through; `webhook` leads from the sandbox provider to the gateway. */
  readonly proxies: Readonly<Record<Dependency, Proxy>>;
  /** Reached directly. */
  readonly broker: { readonly url: string; readonly namespace: string };
  /** A superuser's connections, direct. */
  readonly db: Pool;
  readonly admin: { readonly email: string; readonly password: string };
  /** What the sandbox provider signs its webhooks with. */
  readonly secrets: { readonly webhook: string };
  /** One more customer, signed up; what he is told counts as what the others are told. */
  shopper(): Promise<Shopper>;
  /** The administrator, signed in, in the same way. */
  staff(): Promise<Shopper>;
  /** What the SMTP server has got so far. */
  mails(): readonly Received[];
  /** The services' processes at this moment. */
  pids(): Readonly<Record<string, number>>;
  /** A service's process, which will be harmed: its end is then no surprise. */
  victim(service: string): number | undefined;
  /** Sends a signal to a service's process. */
  signal(service: string, signal: NodeJS.Signals): void;
  /** Resolves when all services say that they are ready. */
  ready(): Promise<void>;
  /** Resolves when a new customer's purchase is through; too late is a violation. */
  normal(): Promise<void>;
  /** Replaces a service's process by one with more variables; its successors lack them. */
  restart(service: string, env: Readonly<Record<string, string>>): Promise<void>;
  /** Has a service die at a step that the load, or `provoke`, leads to; resolves when its successor is ready. */
  crash(crash: Crash, provoke: () => unknown): Promise<void>;
  /** Says in the report what was done. */
  log(line: string): void;
}
