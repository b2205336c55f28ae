import { runService } from '@order-system/service-host/run';
import { basket } from './basket.module.js';

await runService(basket);
