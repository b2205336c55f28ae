import { runService } from '@order-system/service-host/run';
import { catalog } from './catalog.module.js';

await runService(catalog);
