import { runService } from '@order-system/service-host/run';
import { payments } from './payments.module.js';

await runService(payments);
