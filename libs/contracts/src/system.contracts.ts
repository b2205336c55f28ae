import { z } from 'zod';
import { defineEvent } from './define.js';

const process = z.object({ service: z.string(), instance: z.uuid() });
export const SystemStartup = defineEvent('system.startup', 1, process);
export const SystemShutdown = defineEvent('system.shutdown', 1, process);
export const SystemError = defineEvent('system.error', 1, process.extend({ message: z.string() }));
