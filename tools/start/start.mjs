import { bootstrap } from '../shared/bootstrap.mjs';

await bootstrap('tools/start/main.ts');
