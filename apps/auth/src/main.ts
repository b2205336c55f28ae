import { runService } from '@order-system/service-host/run';
import { auth } from './auth.module.js';

await runService(auth);
