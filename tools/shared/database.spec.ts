import { expect, it } from '@jest/globals';
import { Problem } from './console.ts';
import { onDatabase } from './database.ts';

const failing = (message: string, code?: string) =>
  onDatabase('postgresql://ada:secret@db.example:5432/shop', async () => {
    throw Object.assign(new Error(message), code === undefined ? {} : { code });
  }).catch((error: unknown) => error);

it.each([
  ['connect ECONNREFUSED 10.0.0.1:5432', 'ECONNREFUSED'],
  ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ["Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['password authentication failed for user "ada"', '28P01'],
  ['The server does not support SSL connections', undefined],
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', undefined],
])('says in one line, without the password, what PostgreSQL refuses: %s', async (message, code) => {
  const problem = await failing(message, code);
  expect(problem).toBeInstanceOf(Problem);
  expect((problem as Problem).message).toBe(
    `PostgreSQL at db.example:5432 refuses: ${message}. Remedy: mend that, or set another DATABASE_URL`,
  );
});

it.each([
  ['relation "orders.order" does not exist', '42P01'],
  ['Cannot read properties of undefined', undefined],
])('keeps the stack of what is a mistake of ours: %s', async (message, code) => {
  expect(await failing(message, code)).not.toBeInstanceOf(Problem);
});
