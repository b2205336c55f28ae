import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Refused, type Shopper } from '@order-system/testing/shopper';
import type { Rig } from '../fault.ts';
import { newProduct } from '../new-product.ts';

/** Who leads processes to their steps. */
export interface Crew {
  readonly customers: readonly Shopper[];
  readonly productId: string;
}

/** Leads a process to a step again and again, until it has died there. */
export type Provoke = (rig: Rig, crew: Crew, isOver: () => boolean) => Promise<unknown>;

const CUSTOMERS = 6;
const CROWD_MS = 120;
const MOST_UNDER_WAY = 40;
const PASSWORD = 'Secret123';
const STOCK = 100_000;
const TRICKLE_MS = 300;
const REFUSED_ORDERS = 40;
const REFUSED_MS = 10_000;
const ASK_EVERY_MS = 100;
const BENCH = [{ title: 'A bench', price: 5, quantity: 1 }];

export async function hire(rig: Rig): Promise<Crew> {
  const customers = await Promise.all(Array.from({ length: CUSTOMERS }, () => rig.shopper()));
  return { customers, productId: await newProduct(rig, STOCK) };
}

/** Customers order and decline to pay; those whose request has met a death are not waited for. What they order runs out. */
export const crowd: Provoke = async (_rig, { customers, productId }, isOver) => {
  const all: Promise<void>[] = [];
  let underWay = 0;
  const orderAndDecline = async (customer: Shopper) => {
    underWay += 1;
    const { id } = await customer.place({ items: [{ productId, quantity: 1 }, ...BENCH] });
    await customer.decline(id).catch(unlessOver);
    underWay -= 1;
  };
  for (let turn = 0; !isOver(); turn += 1) {
    if (underWay < MOST_UNDER_WAY) {
      const one = orderAndDecline(customers[turn % customers.length]!);
      // Whoever fails is heard below.
      one.catch(() => undefined);
      all.push(one);
    }
    await pause(CROWD_MS);
  }
  await Promise.all(all);
};

/** An order now and then, whose time is over at once: timers and mails are seen to a few times a second. */
export const trickle: Provoke = async ({ db }, { customers }, isOver) => {
  for (; !isOver(); await pause(TRICKLE_MS)) {
    const { id } = await customers[0]!.place({ items: BENCH });
    await db.query('UPDATE orders."order" SET pay_before = now() WHERE id = $1', [id]);
  }
};

/** Customers renew their sessions; whose new tokens were lost on the way, after the old one was used, signs in again. */
export const renew: Provoke = (_rig, { customers }, isOver) =>
  each(customers, async (customer) => {
    while (!isOver())
      await customer.refresh().catch(async (error: unknown) => {
        if (!(error instanceof Refused) || error.code !== 'REFRESH_RACED') throw error;
        await customer.logIn({ email: customer.email, password: PASSWORD });
      });
  });

/**
 * Nothing that the consumer writes of these orders is accepted until the constraint is gone: each waits, twice or more. No
 * longer than it takes: a death leaves two copies of an event, which use up its attempts twice as fast.
 */
export const refuse: Provoke = async ({ db }, { customers }, isOver) => {
  const placed: [Shopper, string][] = [];
  await each(customers, async (customer) => {
    while (placed.length < REFUSED_ORDERS)
      placed.push([customer, (await customer.place({ items: BENCH })).id]);
  });
  const name = `refused_${randomUUID().replaceAll('-', '')}`;
  await db.query(`ALTER TABLE orders."order" ADD CONSTRAINT ${name}
    CHECK (id NOT IN (${placed.map(([, id]) => `'${id}'`).join(', ')}) OR status <> 'REVIEW') NOT VALID`);
  await Promise.all(placed.map(([customer, id]) => customer.pay(id)));
  for (const until = Date.now() + REFUSED_MS; !isOver() && Date.now() < until;) await pause(ASK_EVERY_MS);
  await db.query(`ALTER TABLE orders."order" DROP CONSTRAINT ${name}`);
};

async function each(customers: readonly Shopper[], act: (customer: Shopper) => Promise<void>): Promise<void> {
  await Promise.all(customers.map(act));
}

/** Its time was over before it could be declined. */
function unlessOver(error: unknown): void {
  if (!(error instanceof Refused) || error.code !== 'NOT_PAYABLE') throw error;
}
