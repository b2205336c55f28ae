// NODE_OPTIONS=--import=<this file>, PROVIDER='{"start":{"hang":0.1}}', PROVIDER_SEED=<text>: of the payments service's
// calls to the sandbox provider so many come to harm. The service's own code and build know nothing of it.
import { setTimeout as pause } from 'node:timers/promises';
import { SandboxProvider } from '../../apps/payments/dist/provider/sandbox.provider.js';
import { randomFrom } from './random.ts';

const HANG_MS = 30_000;
/** Less than the service waits. */
const LATE_MS = 4_000;

const wait = (ms) => pause(ms, undefined, { ref: false });

/** What becomes of a call, which is `make`. */
const HARMS = {
  /** It arrives when nobody waits any more, and takes effect then. */
  hang: (make) => wait(HANG_MS).then(make),
  /** It takes effect; the answer comes late. */
  late: (make) => make().then((answer) => wait(LATE_MS).then(() => answer)),
  /** It takes effect; the answer says that something went wrong. */
  failed: (make) => make().then(() => ({ state: 'unknown', reason: 'status 500' })),
  /** It takes effect; the answer is lost. */
  cut: (make) =>
    make().then(() => {
      throw new Error('socket hang up');
    }),
  /** It has no effect. */
  busy: async () => ({ state: 'unknown', reason: 'status 429' }),
};

const plan = JSON.parse(process.env['PROVIDER'] ?? '{}');
const random = randomFrom(process.env['PROVIDER_SEED'] ?? '');

for (const [method, shares] of Object.entries(plan)) {
  const really = SandboxProvider.prototype[method];
  SandboxProvider.prototype[method] = function (...given) {
    const make = () => really.apply(this, given);
    const harm = pick(shares);
    if (harm === undefined) return make();
    console.error(`provider: ${method} ${harm}`);
    return HARMS[harm](make);
  };
}
console.error(`provider: ${Object.keys(plan).join(', ')} come to harm`);

function pick(shares) {
  let left = random.next();
  return Object.keys(shares).find((harm) => (left -= shares[harm]) < 0);
}
