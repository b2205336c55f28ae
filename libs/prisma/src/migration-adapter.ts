import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { connectionTo } from './connection.js';
import { withItsMark } from './migration-table.js';

// PostgreSQL's one-byte "char", which the catalogue is full of, is unknown to the adapter while its array is not:
// it passes as the array and is set right afterwards.
const CHAR = 18;
const CHAR_ARRAY = 1002;

class CataloguePool extends pg.Pool {
  override async query(...input: never[]): Promise<never> {
    const result: pg.QueryResult = await super.query(...(input as unknown as [pg.QueryConfig]));
    // A script of several statements answers with a list, and nobody reads its columns.
    for (const field of result.fields ?? []) if (field.dataTypeID === CHAR) field.dataTypeID = CHAR_ARRAY;
    return result as never;
  }
}

/** Prisma's PostgreSQL adapter with what the schema engine needs and it lacks. */
export class MigrationAdapter extends PrismaPg {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    // The engine makes its table in the first schema of the path, and we look for it in this one.
    const pool = new CataloguePool({ ...connectionTo(url, '-c search_path=public'), max: 2 });
    super(pool);
    this.#pool = pool;
  }

  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const { columnTypes, ...rest } = await queryRaw(query);
      const { Character, CharacterArray } = ColumnTypeEnum;
      return {
        ...rest,
        columnTypes: columnTypes.map((type) => (type === CharacterArray ? Character : type)),
      };
    };
    // The adapter cuts a script at every semicolon, which breaks functions, triggers and DO blocks. Sent whole, a
    // migration is also one transaction: it happens or it does not.
    adapter.executeScript = async (script) =>
      void (await adapter.executeRaw({ sql: withItsMark(script), args: [], argTypes: [] }));
    return adapter;
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
