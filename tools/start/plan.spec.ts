import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { planServices, refuseWishes, whyNot } from './plan.ts';

const around = { databaseUrl: 'postgresql://localhost/test', dataDir: '/nowhere', secrets: {} };
const embedded = { ...around, topology: 'embedded' } as const;
const distributed = { ...around, topology: 'distributed' } as const;

const { PORT = '', HEALTH_PORT = '' } = process.env;
beforeEach(() => void Object.assign(process.env, { PORT: '0', HEALTH_PORT: '' }));
const server = createServer();
afterEach(() => {
  Object.assign(process.env, { PORT, HEALTH_PORT });
  server.close();
});

it('tells each process its own health port', async () => {
  const plans = await planServices(distributed);
  expect(plans.map(({ env }) => env['HEALTH_PORT'])).toEqual(plans.map((plan) => String(plan.healthPort)));
  expect(new Set(plans.map((plan) => plan.healthPort)).size).toBe(plans.length);
});

it('has health at HEALTH_PORT, and that of further processes at the ports that follow', async () => {
  process.env['HEALTH_PORT'] = '19310';
  expect((await planServices(embedded)).map(({ healthPort }) => healthPort)).toEqual([19_310]);
  process.env['HEALTH_PORT'] = '19320';
  const [gateway, ...others] = await planServices(distributed);
  expect(gateway).toMatchObject({ name: 'gateway', healthPort: 19_320 });
  for (const { healthPort } of others) expect(healthPort).toBeGreaterThan(19_320);
  for (const { healthPort } of others) expect(healthPort).toBeLessThan(19_400);
});

it('says so when HEALTH_PORT cannot be had', async () => {
  const taken = await new Promise<number>((resolve) =>
    server.listen(0, () => resolve((server.address() as { port: number }).port)),
  );
  process.env['HEALTH_PORT'] = String(taken);
  await expect(refuseWishes(embedded)).rejects.toThrow(`Port ${taken} is taken. Remedy: HEALTH_PORT=`);
  process.env['HEALTH_PORT'] = 'any';
  await expect(refuseWishes(embedded)).rejects.toThrow('HEALTH_PORT is "any", which is no port. Remedy');
});

it('does not call a port taken that is only not for this user', () => {
  expect(whyNot('PORT', 80, 'EACCES')).toMatch(/may not listen on port 80 \(EACCES\)\. Remedy: PORT=/);
});

it('lets a debugger attach to one process', async () => {
  const plans = await planServices({ ...distributed, inspect: 'orders' });
  expect(plans.filter(({ isInspected }) => isInspected).map(({ name }) => name)).toEqual(['orders']);
  await expect(refuseWishes({ ...embedded, inspect: 'orders' })).rejects.toThrow(
    '--inspect and one of embedded',
  );
});
