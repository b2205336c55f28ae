import { setTimeout as pause } from 'node:timers/promises';
import type { PrivateServer } from '@order-system/testing/daemon';

const TRIES = 20;

/** Processes of the one that was killed keep its data until they notice. */
export async function startAgain(server: PrivateServer): Promise<void> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await server.start();
    } catch (error) {
      if (attempt === TRIES) throw error;
      await pause(500);
    }
}
