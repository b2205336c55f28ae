import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { e2e } from '@order-system/testing/e2e';
import { memoryOf } from '@order-system/testing/processes';
import { startSystem, type System } from '@order-system/testing/system';
import { givenAdmin, givenPaidOrder, givenProduct, givenUser, times } from './client.js';

const MOST_MB = { embedded: 400, distributed: 1_000 };
const CUSTOMERS = 4;
const ORDERS_EACH = 10;

// A system of its own: what others do at the same time is not to be counted.
let platform: System;
beforeAll(async () => {
  platform = await startSystem();
});
afterAll(() => platform?.stop(), 30_000);

it('keeps all services together below 400 MB in one process, and below 1 GB in nine', async () => {
  const product = await givenProduct(await givenAdmin(platform.url), { stock: 1_000 });
  const users = await Promise.all(times(CUSTOMERS, () => givenUser(platform.url)));
  for (let round = 0; round < ORDERS_EACH; round += 1)
    await Promise.all(users.map((user) => givenPaidOrder(user, product)));
  const pids = platform.pids();
  expect(Object.keys(pids)).toHaveLength(e2e.topology === 'embedded' ? 1 : 9);
  // Only Linux tells.
  expect(memoryOf(Object.values(pids))?.pssMb ?? 0).toBeLessThan(MOST_MB[e2e.topology]);
});

/** What all processes show, as Prometheus reads it. */
async function metrics(): Promise<string> {
  const started = platform.output().matchAll(/"services":\[[^\]]*\],"port":(\d+),"msg":"started"/g);
  const ports = [...started].map(([, port]) => port);
  expect(ports).toHaveLength(Object.keys(platform.pids()).length);
  const texts = ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  return (await Promise.all(texts)).join('\n');
}

it('shows in its metrics what was asked, called, told and applied, and what is left to do', async () => {
  const product = await givenProduct(await givenAdmin(platform.url));
  await givenPaidOrder(await givenUser(platform.url), product);
  await eventually(async () => {
    const text = await metrics();
    for (const [name, labels] of [
      ['http_server_seconds_count', 'method="POST",route="/api/orders",status="201"'],
      ['rpc_client_seconds_count', 'call="orders.place",outcome="OK"'],
      ['rpc_server_seconds_count', 'call="orders.place",outcome="OK"'],
      ['rpc_server_seconds_count', 'call="catalog.reserve",outcome="OK"'],
      ['events_published_total', 'service="orders"'],
      ['event_handled_seconds_count', 'consumer="chat.orders",outcome="consumed"'],
      ['job_seconds_count', 'job="ExpireOrders",outcome="done"'],
    ])
      expect(text).toMatch(new RegExp(`^${name}\\{${labels}\\} [1-9]`, 'm'));
    for (const empty of ['outbox_events{service="orders"} 0', 'dead_letters{consumer="chat.orders"} 0'])
      expect(text.split('\n')).toContain(empty);
  });
});
