import pg from 'pg';
import type { Sql } from './sql.js';

export type Prepared = Pick<Sql, 'name' | 'text' | 'values'>;

/**
 * Sends statements under one Sync; gives a result for each. The query is made here: copying a description of it, as pg
 * does, takes as long as sending it.
 */
export async function runTogether(
  on: pg.Pool | pg.PoolClient,
  statements: readonly Prepared[],
): Promise<pg.QueryResult[]> {
  try {
    return await new Promise<pg.QueryResult[]>((resolve, reject) => {
      const done = (error: Error | null | undefined, results: pg.QueryResult | pg.QueryResult[]) =>
        error ? reject(error) : resolve([results].flat());
      (on as QueryRunner).query(new StatementGroup(statements), undefined, done);
    });
  } catch (error) {
    // From where the statement was sent instead of where its answer was read.
    if (error instanceof Error) Error.captureStackTrace(error, runTogether);
    throw error;
  }
}

/** As pools and clients take queries that are made elsewhere; their types know of it for clients only. */
interface QueryRunner {
  query(
    query: pg.Submittable,
    values: undefined,
    done: (error: Error | null | undefined, results: pg.QueryResult | pg.QueryResult[]) => void,
  ): unknown;
}

/** What pg's own query does, and of which its types do not tell. */
interface QueryOfPg extends pg.Submittable {
  name: string;
  text: string;
  values: unknown[];
  prepare(connection: Wire): void;
  handleCommandComplete(message: unknown, connection: Wire): void;
  handleError(error: Error, connection: Wire): void;
}

interface Wire {
  readonly submittedNamedStatements: Record<string, string>;
  execute(portal: { portal: string }): void;
  sync(): void;
}

const QueryOfPg = pg.Query as unknown as new (text: string, values: unknown[]) => QueryOfPg;

/**
 * Statements that PostgreSQL answers together, because they are sent under one Sync: with one packet and one wake-up
 * instead of one for each. It skips those behind one that failed.
 */
class StatementGroup extends QueryOfPg {
  private answered = 0;
  private hasFailed = false;

  /** At least one. */
  constructor(private readonly statements: readonly Prepared[]) {
    super('', []);
    this.face(0);
  }

  requiresPreparation(): boolean {
    return true;
  }

  override prepare(connection: Wire): void {
    for (const index of this.statements.keys()) {
      this.face(index);
      super.prepare(connection);
      // A value that cannot be sent: pg has sent Sync, and what follows must not run.
      if (this.hasFailed) return;
    }
    this.face(0);
    connection.sync();
  }

  /** After each statement, where pg would also send Sync. */
  _getRows(connection: Wire): void {
    connection.execute({ portal: '' });
  }

  override handleCommandComplete(message: unknown, connection: Wire): void {
    super.handleCommandComplete(message, connection);
    this.answered += 1;
    this.face(this.answered);
  }

  override handleError(error: Error, connection: Wire): void {
    this.hasFailed = true;
    // They may not have been parsed.
    for (const { name } of this.statements.slice(this.answered))
      delete connection.submittedNamedStatements[name];
    super.handleError(error, connection);
  }

  /** pg knows by the query's name which statements a connection has parsed. */
  private face(index: number): void {
    const statement = this.statements[index];
    if (statement === undefined) return;
    this.name = statement.name;
    this.text = statement.text;
    this.values = statement.values;
  }
}
