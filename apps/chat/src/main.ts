import { runService } from '@order-system/service-host/run';
import { chat } from './chat.module.js';

await runService(chat);
