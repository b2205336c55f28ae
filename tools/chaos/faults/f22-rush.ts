import { setTimeout as pause } from 'node:timers/promises';
import { Refused, type Shopper } from '@order-system/testing/shopper';
import type { Fault, Rig } from '../fault.ts';
import { newProduct } from '../new-product.ts';

const CUSTOMERS = 25;
/** So often each of the customers tries at once; less often on a machine that takes longer for a first try. */
const TRIES = 20;
const FEWER_TRIES = 8;
const SLOW_MS = 1000;
const UNITS = 10;
const RACES = 10;
/** Around the end of the time to pay. */
const SPREAD_MS = 1500;

let violations: string[] = [];

/** No process is harmed: everybody wants the same thing at the same moment. */
export const f22: Fault = {
  id: 'F22',
  title: 'many buyers of few units, and races for one order',
  async inject(rig) {
    violations = [];
    const customers = await Promise.all(Array.from({ length: CUSTOMERS }, () => rig.shopper()));
    await rushForTheLast(rig, customers);
    await twoLinesOfOneProduct(rig, customers[0]!);
    await cancelWhilePaying(rig, customers);
    await payAtTheLastMoment(rig, customers);
  },
  check: async () => violations,
};

/** The code of the refusal, or that there is an order. */
async function order(
  who: Shopper,
  lines: readonly { productId: string; quantity: number }[],
): Promise<string | undefined> {
  try {
    await who.place({ items: lines });
    return 'ORDERED';
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

async function rushForTheLast(rig: Rig, customers: readonly Shopper[]): Promise<void> {
  const slow = await firstTry(rig, customers);
  const tries = slow > SLOW_MS ? FEWER_TRIES : TRIES;
  const productId = await newProduct(rig, UNITS);
  const wanted = customers.flatMap((who) =>
    Array.from({ length: tries }, () => order(who, [{ productId, quantity: 1 }])),
  );
  const answers = await Promise.all(wanted);
  const got = answers.filter((code) => code === 'ORDERED').length;
  const refused = answers.filter((code) => code === 'OUT_OF_STOCK').length;
  rig.log(
    `${answers.length} buyers of ${UNITS} units: ${got} got one, ${refused} were told that it is sold out`,
  );
  const { rows } = await rig.db.query<{ reserved: number }>(
    'SELECT reserved FROM catalog.product WHERE id = $1',
    [productId],
  );
  if (got !== UNITS || refused !== answers.length - UNITS || rows[0]?.reserved !== UNITS)
    violations.push(
      `${got} of ${answers.length} buyers got one of ${UNITS}, and ${rows[0]?.reserved} are reserved`,
    );
}

/** How long it takes when each of them tries once, in ms. */
async function firstTry(rig: Rig, customers: readonly Shopper[]): Promise<number> {
  const productId = await newProduct(rig, UNITS);
  const from = performance.now();
  await Promise.all(customers.map((who) => order(who, [{ productId, quantity: 1 }])));
  return performance.now() - from;
}

async function twoLinesOfOneProduct(rig: Rig, who: Shopper): Promise<void> {
  const productId = await newProduct(rig, UNITS);
  const half = { productId, quantity: UNITS / 2 };
  const tooMany = await order(who, [half, { productId, quantity: UNITS / 2 + 1 }]);
  if (tooMany !== 'OUT_OF_STOCK')
    violations.push(`two lines of one product, too many together, are answered ${tooMany}`);
  const both = await order(who, [half, half]);
  if (both !== 'ORDERED') violations.push(`two lines of one product, all there is, are answered ${both}`);
}

/** Whoever wins: the order is cancelled and the money back, or it is paid and not cancelled. The oracles see to that. */
async function cancelWhilePaying(rig: Rig, customers: readonly Shopper[]): Promise<void> {
  const productId = await newProduct(rig);
  const races = customers.slice(0, RACES).map(async (who) => {
    const { id } = await who.place({ items: [{ productId, quantity: 1 }] });
    const lead = rig.random.next() * 200;
    await Promise.all([
      who.pay(id),
      pause(lead).then(() =>
        who.ask(`POST /api/orders/${id}/cancel`, { body: { reason: 'changed my mind' } }),
      ),
    ]);
  });
  await Promise.all(races);
}

async function payAtTheLastMoment(rig: Rig, customers: readonly Shopper[]): Promise<void> {
  const productId = await newProduct(rig);
  const races = customers.slice(0, RACES).map(async (who) => {
    const { id } = await who.place({ items: [{ productId, quantity: 1 }] });
    await rig.db.query(
      `UPDATE orders."order" SET pay_before = now() + $2 * interval '1 millisecond' WHERE id = $1`,
      [id, SPREAD_MS],
    );
    await pause(rig.random.next() * 2 * SPREAD_MS);
    await who.pay(id).catch(() => undefined);
  });
  await Promise.all(races);
}
