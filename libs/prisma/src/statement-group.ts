import pg from 'pg';
// @ts-expect-error: a part of pg that has no types.
import { prepareValue } from 'pg/lib/utils.js';
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
  _result: Columns;
  _accumulateRows: boolean;
  _checkForMultirow(): void;
  prepare(connection: Wire): void;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Wire): void;
  handleError(error: unknown, connection: Wire): void;
}

interface Wire {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  parse(statement: { name: string; text: string }): void;
  bind(portal: { statement: string; values: unknown[]; valueMapper: unknown }): void;
  describe(portal: { type: 'P'; name: string }): void;
  execute(portal: { portal: string }): void;
  sync(): void;
}

/** How pg makes an object of a row. */
interface Columns {
  fields: unknown;
  _parsers: unknown;
  _prebuiltEmptyResultObject: unknown;
}

const QueryOfPg = pg.Query as unknown as new (text: string, values: unknown[]) => QueryOfPg;

/**
 * The columns of the statements that a connection has parsed, by name. They stay what they are: PostgreSQL refuses to run
 * one whose columns have changed since.
 */
const known = new WeakMap<Wire, Map<string, Columns | undefined>>();

function columnsOn(connection: Wire): Map<string, Columns | undefined> {
  let columns = known.get(connection);
  if (columns === undefined) known.set(connection, (columns = new Map()));
  return columns;
}

/**
 * Statements that PostgreSQL answers together, because they are sent under one Sync: with one packet and one wake-up
 * instead of one for each. It skips those behind one that failed. The columns of each are described once.
 */
class StatementGroup extends QueryOfPg {
  private answered = 0;
  private columns = new Map<string, Columns | undefined>();
  private described: Columns | undefined;

  /** At least one. */
  constructor(private readonly statements: readonly Prepared[]) {
    super('', []);
    this.face(0);
  }

  requiresPreparation(): boolean {
    return true;
  }

  override prepare(connection: Wire): void {
    this.columns = columnsOn(connection);
    try {
      for (const statement of this.statements) this.send(statement, connection);
    } catch (error) {
      // A value that cannot be sent: what follows must not run.
      this.handleError(error, connection);
    } finally {
      connection.sync();
    }
  }

  private send({ name, text, values }: Prepared, connection: Wire): void {
    const { parsedStatements, submittedNamedStatements } = connection;
    if (name === '' || !(name in parsedStatements || name in submittedNamedStatements)) {
      connection.parse({ name, text });
      if (name !== '') submittedNamedStatements[name] = text;
    }
    connection.bind({ statement: name, values, valueMapper: prepareValue });
    if (!this.columns.has(name)) connection.describe({ type: 'P', name: '' });
    connection.execute({ portal: '' });
  }

  override handleRowDescription(message: unknown): void {
    super.handleRowDescription(message);
    const { fields, _parsers, _prebuiltEmptyResultObject } = this._result;
    this.described = { fields, _parsers, _prebuiltEmptyResultObject };
  }

  override handleDataRow(message: unknown): void {
    if (this.described === undefined) {
      this._checkForMultirow();
      this.described = this.columns.get(this.name);
      Object.assign(this._result, this.described);
      this._accumulateRows = true;
    }
    super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Wire): void {
    super.handleCommandComplete(message, connection);
    // One without a name is another one the next time.
    if (this.name !== '' && !this.columns.has(this.name)) this.columns.set(this.name, this.described);
    this.described = undefined;
    this.answered += 1;
    this.face(this.answered);
  }

  override handleError(error: unknown, connection: Wire): void {
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
  }
}
