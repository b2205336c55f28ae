import { runService } from '@order-system/service-host/run';
import { events } from './events.module.js';

await runService(events);
