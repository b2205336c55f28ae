import { bootstrap } from '../shared/bootstrap.mjs';

await bootstrap('tools/migrate/main.ts');
