import { setTimeout as pause } from 'node:timers/promises';
import { Shopper } from '@order-system/testing/shopper';
import { Redis } from 'ioredis';
import type { Fault, Rig } from '../fault.ts';

const PASSWORD = 'Secret123';
/** Wrong passwords after which an account is locked. */
const MOST_FAILURES = 5;

let violations: string[] = [];

/** Redis keeps nothing that may not be lost: what it forgets or refuses must neither end nor revive anything. */
export const f18: Fault = {
  id: 'F18',
  title: 'Redis is killed, paused, emptied and full',
  async inject(rig) {
    const each = (rig.seconds * 1000) / 4;
    violations = [];
    const gone = await rig.shopper();
    await gone.ask('POST /api/auth/logout', { body: {} });

    await rig.servers.redis.kill();
    await pause(each);
    await guess(rig, 'while Redis is gone');
    await rig.servers.redis.start();

    const redis = new Redis(rig.servers.redis.url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    try {
      await redis.call('CLIENT', 'PAUSE', String(Math.round(each)), 'ALL');
      await pause(each);
      await redis.flushall();
      await comeBack(gone, 'after Redis was emptied');
      await pause(each);
      await redis.config('SET', 'maxmemory', '1mb');
      await pause(each);
      await guess(rig, 'while Redis is full');
    } finally {
      await redis.config('SET', 'maxmemory', '0');
      redis.disconnect();
    }
    await comeBack(gone, 'after all that');
  },
  check: async () => violations,
};

/** Somebody who has logged out. */
async function comeBack(gone: Shopper, when: string): Promise<void> {
  const { status } = await gone.ask('GET /api/orders');
  if (status !== 401 && status !== 503)
    violations.push(`somebody who has logged out is answered ${status} ${when}`);
}

/** The right password after too many wrong ones. */
async function guess({ shopper, url }: Rig, when: string): Promise<void> {
  const { email } = await shopper();
  const guesser = new Shopper(url);
  const logIn = (password: string) => guesser.ask('POST /api/auth/login', { body: { email, password } });
  for (let tried = 0; tried < MOST_FAILURES; tried += 1) await logIn(`Wrong${tried}x`);
  const { status } = await logIn(PASSWORD);
  if (status !== 429)
    violations.push(`the right password after ${MOST_FAILURES} wrong ones is answered ${status} ${when}`);
}
