import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../shared/console.ts';

const SECRETS = ['JWT_SECRET', 'SANDBOX_WEBHOOK_SECRET', 'ADMIN_PASSWORD'] as const;

type Secrets = Record<(typeof SECRETS)[number], string>;

/** The secrets of this start: those that are set; in development the missing ones are made once and kept. */
export function findSecrets(dataDir: string): { secrets: Secrets; isAdminGenerated: boolean } {
  const file = join(dataDir, 'secrets.json');
  const kept = readKept(file);
  const missing = SECRETS.filter((name) => !process.env[name] && !kept[name]);
  for (const name of missing)
    kept[name] = name === 'ADMIN_PASSWORD' ? password() : randomBytes(48).toString('base64url');
  if (missing.length > 0) keep(file, kept);
  const entries = SECRETS.map((name) => [name, process.env[name] || kept[name]]);
  return {
    secrets: Object.fromEntries(entries) as Secrets,
    isAdminGenerated: !process.env['ADMIN_PASSWORD'],
  };
}

function readKept(file: string): Partial<Secrets> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(`${file} is no JSON. Remedy: mend or remove it; new secrets are made`);
  }
}

/** All or nothing: half a file, as after a full disk, would stop every further start. */
function keep(file: string, secrets: Partial<Secrets>): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Of the kinds of characters that every password must have. */
function password(): string {
  const text = randomBytes(12).toString('base64url');
  return [/[a-z]/, /[A-Z]/, /\d/].every((kind) => kind.test(text)) ? text : password();
}
