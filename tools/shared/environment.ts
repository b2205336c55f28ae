import { join } from 'node:path';
import { loadEnvFile } from '../../libs/config/src/env-file.ts';
import { fail, ROOT, run } from './console.ts';
import { askDirectly } from './proxies.ts';

// Imported first by each tool.
await run(async () => {
  try {
    loadEnvFile(join(ROOT, '.env'));
  } catch (error) {
    if (error instanceof TypeError) fail('.env is not in UTF-8. Remedy: save it as UTF-8');
    throw error;
  }
  askDirectly(process.env);
});
