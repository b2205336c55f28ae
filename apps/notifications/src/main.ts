import { runService } from '@order-system/service-host/run';
import { notifications } from './notifications.module.js';

await runService(notifications);
