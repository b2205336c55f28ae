// Jest's set-up of the end-to-end project: one running system for all its files, unless each of them has its own.
import { randomBytes } from 'node:crypto';

const random = () => randomBytes(36).toString('base64url');

export default async function setUp() {
  const { startSystem } = await import('@order-system/testing/system');
  const { env } = process;
  env.TOPOLOGY ??= 'embedded';
  // A shop of its own, in development: what the shell or `.env` say of another one would be tested instead, or reached.
  env.NODE_ENV = 'test';
  env.CURRENCY = 'USD';
  for (const name of ['PUBLIC_URL', 'GATEWAY_URL', 'SMTP_URL']) env[name] = '';
  env.ADMIN_EMAIL = 'admin@example.com';
  env.ADMIN_PASSWORD = random();
  env.JWT_SECRET = random();
  env.SANDBOX_WEBHOOK_SECRET = random();
  // All tests come from one address.
  env.THROTTLE_LIMIT = '1000000';
  env.AUTH_THROTTLE_LIMIT = '1000000';
  if (env.SYSTEM === 'own') return;
  const system = await startSystem();
  env.E2E_DOORS = system.doors.join(',');
  globalThis.stopSystem = system.stop;
}
