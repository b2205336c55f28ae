import { afterEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { startHealthServer, type Check, type HealthServer } from './health-server.js';

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function get(path: string, checks: Record<string, Check> = {}): Promise<Response> {
  server = await startHealthServer({ port: 0, checks, registry: new Registry() });
  return fetch(`http://127.0.0.1:${server.port}${path}`);
}

it('is alive whatever the checks say', async () => {
  const answer = await get('/health/live', { database: () => false });
  expect(answer.status).toBe(200);
});

it('is ready when every check holds', async () => {
  const answer = await get('/health/ready', { database: () => true, broker: async () => true });
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { status: 'up', checks: { database: 'up', broker: 'up' } },
  ]);
});

it('names what is down', async () => {
  const answer = await get('/health/ready', {
    database: () => Promise.reject(new Error('gone')),
    broker: () => true,
  });
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { status: 'down', checks: { database: 'down', broker: 'up' } },
  ]);
});

it('takes what does not answer for down, soon enough for whoever asks', async () => {
  const from = performance.now();
  const answer = await get('/health/ready', {
    database: () => new Promise(() => undefined),
    broker: () => true,
  });
  expect(await answer.json()).toMatchObject({ checks: { database: 'down', broker: 'up' } });
  expect(performance.now() - from).toBeLessThan(3000);
});

it('answers Prometheus', async () => {
  const answer = await get('/metrics');
  expect(answer.headers.get('content-type')).toContain('text/plain');
});

it('knows nothing else', async () => {
  expect((await get('/env')).status).toBe(404);
});
