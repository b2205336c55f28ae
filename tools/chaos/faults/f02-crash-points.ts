import type { Crash } from '@order-system/testing/crash';
import type { Fault, Rig } from '../fault.ts';
import { type Crew, crowd, hire, type Provoke, refuse, renew, trickle } from './f02-provoke.ts';
import { SECOND_MAILS } from './second-mails.ts';

/** The step, and what leads there. */
type Step = readonly [service: string, at: Crash['at'], provoke: Provoke];

const PASSES = [1, 50];

/** One process after the other dies in each lane; two may be away at the same time. */
const LANES: readonly (readonly Step[])[] = [
  [
    ['orders', 'orders.claimed', crowd],
    ['orders', 'orders.reserved', crowd],
    ['orders', 'orders.payment_started', crowd],
    ['orders', 'orders.committed_before_reply', crowd],
    ['orders', 'relay.claimed', crowd],
    ['orders', 'consumer.before_tx', crowd],
    ['orders', 'consumer.delayed_before_ack', refuse],
    ['orders', 'saga.timer_fired', trickle],
  ],
  [
    ['catalog', 'catalog.reserved', crowd],
    ['payments', 'payments.key_saved_before_call', crowd],
    ['payments', 'payments.called_before_save', crowd],
    ['payments', 'webhook.saved_before_200', crowd],
    ['payments', 'relay.published_before_confirm', crowd],
    ['auth', 'auth.rotated', renew],
    ['notifications', 'relay.confirmed_before_mark', crowd],
    ['notifications', 'consumer.committed_before_ack', crowd],
    ['catalog', 'consumer.committed_before_ack', crowd],
    ['notifications', 'notify.sent_before_mark', trickle],
  ],
];

const alive: string[] = [];

export const f02: Fault = {
  id: 'F2',
  title: 'a process dies at each of its crash points, at the 1st pass and at the 50th',
  allowed: SECOND_MAILS,
  async inject(rig) {
    alive.length = 0;
    const crew = await hire(rig);
    await Promise.all(LANES.map((lane) => dieAlong(rig, crew, lane)));
    for (const service of new Set(LANES.flat().map(([name]) => name))) await rig.restart(service, {});
    rig.log(`${LANES.flat().length} crash points, each at two passes`);
  },
  check: () => Promise.resolve(alive),
};

async function dieAlong(rig: Rig, crew: Crew, lane: readonly Step[]): Promise<void> {
  const provoked: Promise<unknown>[] = [];
  const note = (error: Error) => alive.push(error.message);
  for (const [service, at, provoke] of lane)
    for (const pass of PASSES) {
      let isOver = false;
      const before = rig.platform.output().length;
      const died = () => isOver || rig.platform.output().slice(before).includes(`${service} (process`);
      const start = () => provoked.push(provoke(rig, crew, died).catch(note));
      await rig.crash({ service, at, pass }, start).catch(note);
      isOver = true;
    }
  await Promise.all(provoked);
}
