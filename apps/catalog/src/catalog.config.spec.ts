import { afterAll, expect, it } from '@jest/globals';
import { ConfigError } from '@order-system/config/config';

const { LOW_STOCK } = process.env;
afterAll(() => {
  if (LOW_STOCK === undefined) delete process.env['LOW_STOCK'];
  else process.env['LOW_STOCK'] = LOW_STOCK;
});

it('refuses what is wrong when the service starts, not while its module loads', async () => {
  process.env['LOW_STOCK'] = 'few';
  const { catalogConfig } = await import('./catalog.config.js');
  expect(catalogConfig).toThrow(new ConfigError(['LOW_STOCK must be a whole number, at least 0']));
});
