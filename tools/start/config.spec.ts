import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Problem } from '../shared/console.ts';
import { refuseConfig } from './config.ts';

const before = { ...process.env };
beforeEach(() => {
  for (const name of ['NODE_ENV', 'JWT_SECRET', 'SANDBOX_WEBHOOK_SECRET', 'ADMIN_PASSWORD'])
    delete process.env[name];
});
afterEach(() => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, before);
});

it('takes a development where nothing is set, and for the embedded topology no DATABASE_URL', async () => {
  process.env['DATABASE_URL'] = 'not for us';
  await expect(refuseConfig('embedded')).resolves.toBeUndefined();
  await expect(refuseConfig('distributed')).rejects.toThrow('DATABASE_URL must be a URL');
});

it('says everything that any service would refuse, at once and each thing once', async () => {
  const wrong = {
    ...{ CURRENCY: 'DOLLAR', PASSWORD_COST: '4', LOW_STOCK: 'few', SOCKET_RATE_LIMIT: '0' },
    ...{ ORDER_PAYMENT_WINDOW: 'soon', MAIL_FROM: 'nobody', ACCESS_TOKEN_TTL: 'never', PUBLIC_URL: 'here' },
  };
  Object.assign(process.env, wrong);
  const problem: unknown = await refuseConfig('embedded').catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  const named = (problem as Problem).message.split('\n').map((line) => line.trim().split(' ')[0]);
  expect(named.slice(1).sort()).toEqual(Object.keys(wrong).sort());
});

it('wants good secrets in production', async () => {
  process.env['NODE_ENV'] = 'production';
  process.env['ADMIN_PASSWORD'] = 'Admin123456789';
  process.env['JWT_SECRET'] = 'short';
  const refusing = expect(refuseConfig('embedded')).rejects;
  await refusing.toThrow(/ADMIN_PASSWORD is one that everybody knows\n.*JWT_SECRET must have at least 32/);
  await expect(refuseConfig('embedded')).rejects.toThrow('SANDBOX_WEBHOOK_SECRET is missing: set');
});
