import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@order-system/messaging/testing/eventually';
import { Refused, type Shopper } from '@order-system/testing/shopper';
import type { Rig } from '../fault.ts';

const PROVIDER = pathToFileURL(`${import.meta.dirname}/../provider.mjs`).href;
const CARDS = ['pm_sandbox_ok', 'pm_sandbox_ok', 'pm_sandbox_ok', 'pm_sandbox_declined'];
/** An order that takes no money now, for a reason that is none of the provider's. */
const OVER = ['ALREADY_PAID', 'NOT_PAYABLE', 'OUT_OF_STOCK'];
const AGAIN_MS = 500;

type Call = 'start' | 'lookUp' | 'cancel' | 'refund';
type Harm = 'hang' | 'late' | 'failed' | 'cut' | 'busy';
/** Which share of the calls comes to which harm. */
type Trouble = Partial<Record<Call, Partial<Record<Harm, number>>>>;

const SOME = { hang: 0.06, late: 0.06, failed: 0.1, cut: 0.1, busy: 0.1 };
export const TROUBLE: Trouble = { start: SOME, lookUp: SOME, cancel: SOME, refund: SOME };

/** From now on payments has this trouble with its provider. */
export async function trouble({ restart, random }: Rig, plan: Trouble): Promise<void> {
  const seed = String(random.next());
  await restart('payments', {
    NODE_OPTIONS: `--import=${PROVIDER}`,
    PROVIDER: JSON.stringify(plan),
    PROVIDER_SEED: seed,
  });
}

/** "3 start cut, 1 refund busy": what came to harm since so much was printed. */
export function harmed({ platform }: Rig, since: number): string {
  const counts = new Map<string, number>();
  for (const [, what = ''] of platform
    .output()
    .slice(since)
    .matchAll(/^provider: (\w+ (?:hang|late|failed|cut|busy))$/gm))
    counts.set(what, (counts.get(what) ?? 0) + 1);
  return [...counts].map(([what, count]) => `${count} ${what}`).join(', ');
}

/** Cards are charged at once, and again under another key by whoever is not told what became of it. */
export async function chargeCards(
  { random }: Rig,
  who: Shopper,
  productId: string,
  until: number,
): Promise<void> {
  while (Date.now() < until) {
    const items = [{ productId, quantity: 1 }];
    const { id } = await who.place({ items, ...card(random.pick(CARDS)) });
    while (!(await isDecided(who, id))) await pause(AGAIN_MS);
  }
}

const card = (paymentMethodId: string) => ({ paymentFlow: 'BACKEND', paymentMethodId });

/** Presses once more; STALE_WRITE, which is what an undecided charge is answered, is asked again underneath. */
async function isDecided(who: Shopper, orderId: string): Promise<boolean> {
  const body = { paymentMethod: 'SANDBOX', ...card('pm_sandbox_ok') };
  try {
    const answer = await who.insist(`POST /api/orders/${orderId}/payments`, { body });
    return (answer as { data: { payment: { status: string } } }).data.payment.status === 'SUCCEEDED';
  } catch (error) {
    if (error instanceof Refused && OVER.includes(error.code ?? '')) return true;
    throw error;
  }
}

/** Pays at the provider's page while payments still waits for the page's address; true when the webhook came first. */
export async function payBeforeReply({ db, shopper }: Rig, productId: string): Promise<boolean> {
  const who = await shopper();
  let isAnswered = false;
  const placing = who.place({ items: [{ productId, quantity: 1 }] }).finally(() => (isAnswered = true));
  const found = async <T extends object>(text: string): Promise<T> => {
    const { rows } = await db.query<T>(text, [who.email]);
    return rows[0] ?? Promise.reject(new Error(`nothing yet of ${who.email}`));
  };
  const page = await eventually(() =>
    found<{ id: string; secret: string }>(`SELECT s.id, s.secret ${OF_BUYER}`),
  );
  const link = `/api/payments/sandbox/${page.id}?secret=${page.secret}`;
  await who.insist(`POST ${link}`, { body: { outcome: 'pay' } });
  await eventually(() => found(`SELECT 1 ${OF_BUYER} AND p.status = 'SUCCEEDED'`));
  const wasFirst = !isAnswered;
  await who.waitUntilSettled((await placing).id);
  return wasFirst;
}

const OF_BUYER = `FROM payments.sandbox_session s JOIN payments.payment p ON p.id = s.payment_id
  JOIN auth."user" u ON u.id = p.user_id WHERE u.email = $1`;
