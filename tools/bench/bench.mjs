import { bootstrap } from '../shared/bootstrap.mjs';

await bootstrap('tools/bench/main.ts');
