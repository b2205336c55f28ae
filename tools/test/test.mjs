import { bootstrap } from '../shared/bootstrap.mjs';

await bootstrap('tools/test/main.ts');
