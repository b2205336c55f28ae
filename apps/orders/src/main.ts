import { runService } from '@order-system/service-host/run';
import { orders } from './orders.module.js';

await runService(orders);
