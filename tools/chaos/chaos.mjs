import { bootstrap } from '../shared/bootstrap.mjs';

await bootstrap('tools/chaos/main.ts');
