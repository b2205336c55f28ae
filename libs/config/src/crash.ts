import { z } from 'zod';
import { readConfig } from './config.js';

const crashBlock = z.object({
  CRASH: z
    .string()
    .regex(/^[a-z_]+\.\w+:\d+$/i, 'must be <point>:<pass>, such as orders.reserved:1')
    .optional(),
});

/** Where a test wants this process to die, and on which pass. */
export function crashPointOfThisProcess(): { name: string; pass: number } | undefined {
  const { CRASH } = readConfig(crashBlock);
  if (CRASH === undefined) return undefined;
  const [name = '', pass] = CRASH.split(':');
  return { name, pass: Number(pass) };
}
