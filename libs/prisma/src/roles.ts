import { type Service, SERVICES } from '@order-system/contracts/services';
import type { ClientBase } from 'pg';

type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

interface Grant {
  readonly tables: readonly string[];
  readonly to: 'everyone' | Service;
  readonly privileges: readonly Privilege[];
}

const READ_WRITE: readonly Privilege[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/**
 * What lies in schema `events` and is shared. Besides this a service may read and write what is in its own
 * schema, and nothing else. The event table is written once and read: nobody may change or remove an event.
 */
export const SHARED_TABLES: readonly Grant[] = [
  { tables: ['event'], to: 'everyone', privileges: ['SELECT', 'INSERT'] },
  {
    tables: ['outbox', 'inbox', 'retry', 'consumer_cursor', 'idempotency_key'],
    to: 'everyone',
    privileges: READ_WRITE,
  },
  { tables: ['dead_letter'], to: 'everyone', privileges: ['SELECT', 'INSERT'] },
  { tables: ['dead_letter', 'replay_job'], to: 'events', privileges: READ_WRITE },
];

/** What its service may only add to: the ledger by which the numbers of the stock are proven. */
const APPEND_ONLY = ['catalog.stock_movement'];

/** The role that a service's connections take. */
export const roleOf = (service: string): string => `svc_${service}`;

const everyone = SERVICES.map(roleOf).join(', ');

/** Creates the missing roles. They belong to the whole cluster, so several starts may try at the same time. */
export async function createRoles(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ rolname: string; usable: boolean }>(
    `SELECT rolname, pg_has_role(current_user, oid, 'MEMBER') AS usable FROM pg_roles WHERE rolname LIKE 'svc\\_%'`,
  );
  const usable = new Set(rows.filter((row) => row.usable).map((row) => row.rolname));
  for (const role of SERVICES.map(roleOf).filter((name) => !usable.has(name))) {
    await client.query(
      `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
       DO $$ BEGIN EXECUTE format('GRANT ${role} TO %I', current_user);
         EXCEPTION WHEN unique_violation OR internal_error THEN NULL; END $$;`,
    );
  }
}

/** Brings the privileges to exactly what the table above says. Run after the migrations, inside a transaction. */
export async function applyGrants(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ schema: string; table: string }>(
    'SELECT schemaname AS schema, tablename AS table FROM pg_tables WHERE schemaname = ANY($1)',
    [SERVICES],
  );
  const { rows: schemas } = await client.query<{ name: Service }>(
    'SELECT nspname AS name FROM pg_namespace WHERE nspname = ANY($1)',
    [SERVICES],
  );
  const shared = new Set(rows.filter((row) => row.schema === 'events').map((row) => row.table));
  const statements = schemas.flatMap(({ name }) => ownSchemaGrants(name));
  for (const { schema, table } of rows)
    if (APPEND_ONLY.includes(`${schema}.${table}`))
      statements.push(`REVOKE UPDATE, DELETE ON ${schema}.${table} FROM ${roleOf(schema)}`);
  if (shared.size > 0) statements.push(...sharedGrants(shared));
  statements.push('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
  await client.query(statements.join(';\n'));
}

function ownSchemaGrants(service: Service): string[] {
  return [
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${service} FROM ${everyone}`,
    `GRANT USAGE ON SCHEMA ${service} TO ${roleOf(service)}`,
    `GRANT ${READ_WRITE.join(', ')} ON ALL TABLES IN SCHEMA ${service} TO ${roleOf(service)}`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${service} TO ${roleOf(service)}`,
  ];
}

function sharedGrants(existing: ReadonlySet<string>): string[] {
  const tables = [...new Set(SHARED_TABLES.flatMap((grant) => grant.tables))].filter((t) => existing.has(t));
  return [
    `GRANT USAGE ON SCHEMA events TO ${everyone}`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA events TO ${everyone}`,
    ...tables.map((table) => `REVOKE ALL ON events.${table} FROM ${everyone}`),
    ...SHARED_TABLES.flatMap((grant) =>
      grant.tables
        .filter((table) => existing.has(table))
        .map((table) => `GRANT ${grant.privileges.join(', ')} ON events.${table} TO ${grantee(grant)}`),
    ),
  ];
}

function grantee({ to }: Grant): string {
  return to === 'everyone' ? everyone : roleOf(to);
}
