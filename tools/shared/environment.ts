import { join } from 'node:path';
import { EnvFileError, loadEnvFile } from '../../libs/config/src/env-file.ts';
import { fail, ROOT, run } from './console.ts';
import { askDirectly } from './proxies.ts';

// Imported first by each tool.
await run(async () => {
  try {
    loadEnvFile(join(ROOT, '.env'));
  } catch (error) {
    if (error instanceof EnvFileError) fail(error.message);
    throw error;
  }
  askDirectly(process.env);
});
