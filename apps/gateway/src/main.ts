import { runService } from '@order-system/service-host/run';
import { gateway } from './gateway.service.js';

await runService(gateway);
