import { expect, it } from '@jest/globals';
import { askDirectly } from './proxies.ts';

it.each([
  [{}, 'localhost,127.0.0.1'],
  [{ NO_PROXY: '.corp' }, '.corp,localhost,127.0.0.1'],
  [{ NO_PROXY: '.corp', no_proxy: '.org' }, '.org,localhost,127.0.0.1'],
  [{ NO_PROXY: '*', no_proxy: '*' }, '*'],
])('with %j our own processes are asked without a proxy', (given, spared) => {
  const env: NodeJS.ProcessEnv = { ...given };
  askDirectly(env);
  expect(env).toEqual({ no_proxy: spared, NO_PROXY: spared });
});
