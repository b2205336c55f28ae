import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { connectionTo } from './connection.js';
import { PrismaClient } from './generated/client.js';
import { onePacketPerTurn } from './packets.js';
import { roleOf } from './roles.js';
import { isConflict, isOutdated, isUnavailable } from './sql-errors.js';
import { type Sql, sql } from './sql.js';
import { type Prepared, runTogether } from './statement-group.js';

/** Single statements: in a transaction, or each its own. */
export interface Statements {
  query<R>(statement: Sql): Promise<R[]>;
  /** Returns how many rows were written. */
  execute(statement: Sql): Promise<number>;
}

/** What a use case may do: run statements in the transaction that its edge has opened. */
export interface Tx extends Statements {
  /** The only or first row. */
  one<R>(statement: Sql): Promise<R | undefined>;
  /**
   * Sends a statement, made then, together with COMMIT; when it fails nothing is committed. `then` gets its rows once
   * the transaction is durable, and must not throw.
   */
  defer<R>(statement: () => Sql, then?: (rows: R[]) => void): void;
  /** Makes COMMIT wait for the disk, also in a transaction that was opened without: see TxOptions. */
  waitForDisk(): void;
  /** Whose transaction it is. */
  readonly db: Database;
  /** Runs once the transaction is durable; never when it is rolled back. Must not throw. */
  afterCommit(hint: () => void): void;
}

interface DatabaseOptions {
  url: string;
  /** The service, whose role `svc_<service>` every connection takes. */
  service: string;
  /** Connections for what must be on the disk; half as many each for what need not, and for searches. */
  poolSize?: number;
  /** Told of connections that broke while idle. */
  onIdleError?: (error: Error) => void;
}

// In local time pg would send the first hours of the year 1 as of the year 0, which SQL does not have.
pg.defaults.parseInputDatesAsUTC = true;

const MOST_TRIES = 5;
const POOL_SIZE = 5;
const INT8 = 20;

const settings = (service: string, more: Record<string, string> = {}): string =>
  Object.entries({
    role: roleOf(service),
    timezone: 'UTC', // adapter-pg misreads timestamptz in any other
    datestyle: 'ISO', // the only one that pg reads
    default_transaction_isolation: 'read\\ committed', // conditional updates look again instead of failing
    jit: 'off', // compiling takes longer than any statement of ours
    ...more,
    statement_timeout: 5000,
    lock_timeout: 2000,
    idle_in_transaction_session_timeout: 10_000,
  })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

interface TxOptions {
  /**
   * False when nobody is told of the outcome before something durable follows, and what a crash of the database takes
   * back is done again by itself: the commit then does not wait for the disk, unless it has an event that others are told
   * of. Nothing that was written in between can survive without it, since the log is one sequence.
   */
  durable?: boolean;
}

/**
 * Nearly every statement finds its rows by key, so one plan does for all values. Left to itself PostgreSQL plans them
 * anew for every execution while the tables grow: a quarter of its time for a purchase. Such a plan may be from when a
 * table was empty, where reading all of it looks cheapest; it takes the key all the same.
 */
const ONE_PLAN = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
};

/** A service's own view of the database: SQL and transactions over `pg`, reads through Prisma. */
export class Database implements Statements {
  /** Statements whose commit does not wait for the disk: see TxOptions. */
  readonly relaxed: Statements;
  /** Searches, pages and sums: how they are best done depends on the values. */
  readonly searches: Statements;
  /** Whose role it has. */
  readonly service: string;
  private readonly pool: pg.Pool;
  private readonly relaxedPool: pg.Pool;
  private readonly searchPool: pg.Pool;
  private client: PrismaClient | undefined;

  constructor(options: DatabaseOptions) {
    const { service, poolSize = POOL_SIZE } = options;
    this.service = service;
    this.pool = makePool({ ...options, poolSize }, settings(service, ONE_PLAN));
    const few = Math.max(1, Math.floor(poolSize / 2));
    const relaxed = settings(service, { ...ONE_PLAN, synchronous_commit: 'off' });
    this.relaxedPool = makePool({ ...options, poolSize: few }, relaxed);
    this.relaxed = statementsOn(this.relaxedPool);
    this.searchPool = makePool({ ...options, poolSize: few }, settings(service));
    this.searches = statementsOn(this.searchPool);
  }

  /** Made when first used: its compiler takes 30 MB. */
  get prisma(): PrismaClient {
    this.client ??= new PrismaClient({ adapter: new PrismaPg(this.searchPool) });
    return this.client;
  }

  async query<R>(statement: Sql): Promise<R[]> {
    return (await run(this.pool, statement)).rows as R[];
  }

  async execute(statement: Sql): Promise<number> {
    return (await run(this.pool, statement)).rowCount ?? 0;
  }

  /**
   * READ COMMITTED. The work may run again after a conflict, a migration or a lost connection, so it does nothing outside
   * `tx`.
   */
  async inTx<T>(work: (tx: Tx) => Promise<T>, { durable = true }: TxOptions = {}): Promise<T> {
    const on = { pool: durable ? this.pool : this.relaxedPool, durable, db: this };
    for (let attempt = 1; ;) {
      const outcome = await tryTx(on, work);
      if ('value' in outcome) return outcome.value;
      const { error } = outcome;
      // Each takes its connection with it, and new ones are not outdated.
      if (isOutdated(error)) continue;
      const again = isConflict(error) || (!outcome.inCommit && attempt < 3 && isUnavailable(error));
      if (!again || attempt >= MOST_TRIES) throw error;
      await pause(Math.random() * 20 * 2 ** attempt);
      attempt += 1;
    }
  }

  async close(): Promise<void> {
    await this.client?.$disconnect();
    await Promise.all([this.pool.end(), this.relaxedPool.end(), this.searchPool.end()]);
  }
}

function makePool({ url, service, poolSize, onIdleError }: DatabaseOptions, own: string): pg.Pool {
  const pool = new pg.Pool({
    ...connectionTo(url, own),
    application_name: service,
    max: poolSize,
    connectionTimeoutMillis: 2000,
    query_timeout: 6000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    pipeline: true,
    stream: makeSocket,
    types: {
      // Counts and sums in minor units stay below 2^53.
      getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
    },
  });
  pool.on('error', (error) => onIdleError?.(error));
  // The pool listens to idle connections only: one that breaks between two statements would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

function makeSocket(): Socket {
  const socket = new Socket();
  return socket.once('connect', () => onePacketPerTurn(socket));
}

const statementsOn = (pool: pg.Pool): Statements => ({
  query: async <R>(statement: Sql) => (await run(pool, statement)).rows as R[],
  execute: async (statement) => (await run(pool, statement)).rowCount ?? 0,
});

/** The pool throws a connection away on which a statement failed. */
async function run(pool: pg.Pool, statement: Prepared): Promise<pg.QueryResult> {
  for (;;) {
    try {
      return (await runTogether(pool, [statement]))[0]!;
    } catch (error) {
      if (!isOutdated(error)) throw error;
    }
  }
}

/** Goes with the first statement, and COMMIT with what was deferred: neither waits for an answer of its own. */
const BEGIN = { name: 'begin', text: 'BEGIN', values: [] };
const COMMIT = { name: 'commit', text: 'COMMIT', values: [] };
/** Until the transaction ends. */
const WAIT_FOR_DISK = sql`SET LOCAL synchronous_commit = on`;

async function tryTx<T>(
  { pool, durable, db }: { pool: pg.Pool; durable: boolean; db: Database },
  work: (tx: Tx) => Promise<T>,
): Promise<{ value: T } | { error: unknown; inCommit: boolean }> {
  let inCommit = false;
  let client: pg.PoolClient | undefined;
  const hints: (() => void)[] = [];
  const deferred: Deferred[] = [];
  try {
    client = await pool.connect();
    const ahead = [BEGIN];
    const value = await work(transaction(client, { db, durable, hints, deferred, ahead }));
    inCommit = true;
    const told = await commit(client, deferred, ahead);
    client.release();
    for (const tell of told) tell();
    for (const hint of hints) hint();
    return { value };
  } catch (error) {
    await giveBack(client, error);
    return { error, inCommit };
  }
}

interface Deferred {
  readonly statement: () => Sql;
  readonly then: ((rows: never[]) => void) | undefined;
}

class RolledBack extends Error {
  constructor() {
    super('the transaction was rolled back, since its work went on after a statement that failed');
  }
}

/** After a failed statement PostgreSQL answers COMMIT by rolling back, without an error. */
async function commit(
  client: pg.PoolClient,
  deferred: readonly Deferred[],
  ahead: readonly Prepared[],
): Promise<(() => void)[]> {
  const last = deferred.map(({ statement }) => statement());
  const results = await runTogether(client, [...ahead, ...last, COMMIT]);
  if (results.at(-1)?.command === 'ROLLBACK') throw new RolledBack();
  return deferred.map(
    ({ then }, index) =>
      () =>
        then?.(results[ahead.length + index]!.rows as never[]),
  );
}

interface TxState {
  readonly db: Database;
  readonly durable: boolean;
  readonly hints: (() => void)[];
  readonly deferred: Deferred[];
  /** What is still to be sent, ahead of the first statement. */
  readonly ahead: Prepared[];
}

function transaction(client: pg.PoolClient, { db, durable, hints, deferred, ahead }: TxState): Tx {
  const runIn = async (statement: Sql) =>
    (await runTogether(client, [...ahead.splice(0), statement])).at(-1)!;
  return {
    query: async <R>(statement: Sql) => (await runIn(statement)).rows as R[],
    execute: async (statement) => (await runIn(statement)).rowCount ?? 0,
    one: async <R>(statement: Sql) => (await runIn(statement)).rows[0] as R | undefined,
    defer: (statement, then) => void deferred.push({ statement, then }),
    waitForDisk: () => {
      if (!durable) deferred.push({ statement: () => WAIT_FOR_DISK, then: undefined });
    },
    db,
    afterCommit: (hint) => void hints.push(hint),
  };
}

/** Rolls back; a connection that cannot even do that, timed out or is outdated, is thrown away. */
async function giveBack(client: pg.PoolClient | undefined, error: unknown): Promise<void> {
  if (!client) return;
  if (isUnavailable(error) || isOutdated(error)) return client.release(true);
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch {
    // The error that brought us here is the one to report; this connection is of no more use.
    client.release(true);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
