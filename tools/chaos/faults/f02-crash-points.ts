import { randomUUID } from 'node:crypto';
import type { Crash } from '@order-system/testing/crash';
import type { Fault, Rig } from '../fault.ts';
import { SECOND_MAILS } from './second-mails.ts';

type Provoke = (rig: Rig) => Promise<unknown>;
/** The step, a later pass that is tried too, and what leads there when the load alone seldom does. */
type Step = readonly [service: string, at: Crash['at'], later: number, provoke?: Provoke];

const STEPS: readonly Step[] = [
  ['orders', 'orders.claimed', 4],
  ['orders', 'orders.reserved', 4],
  ['orders', 'orders.payment_started', 4],
  ['orders', 'orders.committed_before_reply', 4],
  ['catalog', 'catalog.reserved', 4],
  ['payments', 'payments.key_saved_before_call', 4],
  ['payments', 'payments.called_before_save', 4],
  ['payments', 'webhook.saved_before_200', 4],
  ['auth', 'auth.rotated', 2, refreshTwice],
  ['orders', 'relay.claimed', 20],
  ['payments', 'relay.published_before_confirm', 20],
  ['notifications', 'relay.confirmed_before_mark', 20],
  ['orders', 'consumer.before_tx', 10],
  ['notifications', 'consumer.committed_before_ack', 10],
  ['catalog', 'consumer.committed_before_ack', 10],
  ['orders', 'consumer.delayed_before_ack', 2, refuseForAWhile],
  ['orders', 'saga.timer_fired', 2, runOutTwice],
  ['notifications', 'notify.sent_before_mark', 4],
];

const alive: string[] = [];

export const f02: Fault = {
  id: 'F2',
  title: 'a process dies at each of its crash points, at the first pass and at a later one',
  allowed: SECOND_MAILS,
  async inject(rig) {
    alive.length = 0;
    for (const [service, at, later, provoke] of STEPS)
      for (const pass of [1, later]) {
        let provoked: Promise<unknown> = Promise.resolve();
        await rig
          .crash({ service, at, pass }, () => (provoked = provoke?.(rig) ?? provoked))
          .catch((error: Error) => alive.push(error.message));
        await provoked;
      }
    for (const service of new Set(STEPS.map(([name]) => name))) await rig.restart(service, {});
    rig.log(`${STEPS.length} crash points, each at two passes`);
  },
  check: () => Promise.resolve(alive),
};

/** A customer whose session is renewed while auth dies keeps it. */
async function refreshTwice({ shopper }: Rig): Promise<void> {
  const customer = await shopper();
  for (const _ of [1, 2]) await customer.refresh();
}

/** An order that nobody pays, and another one: their time is over at once. */
async function runOutTwice({ shopper, db }: Rig): Promise<void> {
  const customer = await shopper();
  const items = [{ title: 'A bench', price: 5, quantity: 1 }];
  for (const _ of [1, 2]) {
    const { id } = await customer.place({ items });
    await db.query('UPDATE orders."order" SET pay_before = now() WHERE id = $1', [id]);
    await customer.waitFor(id, 'CANCELLED');
  }
}

/** Nothing that the consumer writes of these orders is accepted until the constraint is gone. */
async function refuseForAWhile({ shopper, db }: Rig): Promise<void> {
  const customer = await shopper();
  const name = `refused_${randomUUID().replaceAll('-', '')}`;
  const items = [{ title: 'A bench', price: 5, quantity: 1 }];
  const ids = [await customer.place({ items }), await customer.place({ items })].map(({ id }) => `'${id}'`);
  await db.query(`ALTER TABLE orders."order" ADD CONSTRAINT ${name}
    CHECK (id NOT IN (${ids.join(', ')}) OR status <> 'REVIEW') NOT VALID`);
  for (const id of ids) await customer.pay(id.replaceAll("'", ''));
  setTimeout(() => void db.query(`ALTER TABLE orders."order" DROP CONSTRAINT ${name}`), 10_000);
}
