import { afterAll, beforeAll, expect, it } from '@jest/globals';
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
