import type { Queries } from '@order-system/testing/oracle';
import type { PrivateServers } from '@order-system/testing/servers';
import type { Shopper, Told } from '@order-system/testing/shopper';
import type { Subscription } from '@order-system/testing/subscriptions';
import type { Received } from '@order-system/testing/test-smtp';
import type { OracleId } from '../fault.ts';

/** All that is known once nothing is under way any more. Tables and mails are those since the system was started. */
export interface Evidence {
  readonly db: Queries;
  readonly subscriptions: readonly Subscription[];
  readonly servers: PrivateServers;
  readonly namespace: string;
  readonly mails: readonly Received[];
  /** Everybody of this fault, and what they were told. */
  readonly shoppers: readonly Shopper[];
  readonly history: readonly Told[];
  /** Who could not go on, and why. */
  readonly problems: readonly string[];
  /** What the processes printed during this fault. */
  readonly output: string;
  /** Processes that the fault sent a signal. */
  readonly harmed: ReadonlySet<number>;
  /** While the door was away nobody could be answered. */
  readonly isDoorHarmed: boolean;
  /** What was wrong at some moment during the fault. */
  readonly passing: readonly string[];
  /** The most that a process's memory grew, in MB, by service. */
  readonly grownMb: Readonly<Record<string, number>>;
}

export interface Verdict {
  /** What was looked at, such as "412 orders". */
  readonly counted: string;
  /** What is wrong, one line each. */
  readonly findings: readonly string[];
}

export interface Oracle {
  readonly id: OracleId;
  readonly title: string;
  look(evidence: Evidence): Promise<Verdict>;
}

/** The lines of a query whose rows are called `violation`. */
export async function linesOf(db: Queries, text: string, values?: unknown[]): Promise<string[]> {
  return (await db.query(text, values)).rows.map(({ violation }) => violation);
}

/** "412 orders", of a query that gives one number. */
export async function countOf(db: Queries, what: string, from: string): Promise<string> {
  const [line] = await linesOf(db, `SELECT count(*) AS violation FROM ${from}`);
  return `${line} ${what}`;
}
