import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './console.ts';

// Imported first by each tool: what is set in the process wins over the file.
const file = join(ROOT, '.env');
if (existsSync(file)) process.loadEnvFile(file);
