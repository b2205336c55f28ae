import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Rig } from '../fault.ts';
import { newProduct } from '../new-product.ts';
import { type DayLate, payUnheard, tellADayLater, wrongAfterADay } from './day-late.ts';
import { chargeCards, harmed, payBeforeReply, TROUBLE, trouble } from './provider-calls.ts';
import { forge, repeat } from './provider-webhooks.ts';

const CHARGING = 3;
const EARLY = 4;

let violations: string[] = [];
let dayLate: DayLate | undefined;

/** The built-in provider: its webhooks, what receives them, and the payments service's calls to it. */
export const f20: Fault = {
  id: 'F20',
  title:
    'the payment provider hangs, errs and loses answers; its webhooks are late, early, repeated and forged',
  async inject(rig) {
    const since = new Date();
    violations = [];
    const productId = await newProduct(rig);
    // Who gives up an attempt is not told that it was paid: the webhook is the first to say so.
    await trouble(rig, { cancel: { busy: 1 } });
    dayLate = await payUnheard(rig, productId);
    await harmWebhooks(rig);
    await tellADayLater(rig, dayLate);
    await harmCalls(rig, productId);
    await beEarly(rig, productId);
    await rig.restart('payments', {});
    violations.push(...(await repeat(rig, since)), ...(await forge(rig)));
  },
  check: async (rig) => [...violations, ...(dayLate ? await wrongAfterADay(rig, dayLate) : [])],
};

async function harmWebhooks({ proxies, seconds, url }: Rig): Promise<void> {
  const { hostname: host, port } = new URL(url);
  const each = (seconds * 1000) / 5;
  await proxies.webhook.refuse();
  // A connection that is open already would carry them.
  proxies.webhook.reset();
  await pause(each);
  await proxies.webhook.pass();

  // The answer is lost after the webhook was stored.
  await proxies.webhook.cutAfter(1);
  await pause(each);
  await proxies.webhook.pass();

  await proxies.webhook.blackhole();
  await pause(each);
  await proxies.webhook.pass();

  const broken = createServer((_request, response) => response.writeHead(500).end()).listen(0, '127.0.0.1');
  await once(broken, 'listening');
  proxies.webhook.aim({ host: '127.0.0.1', port: (broken.address() as AddressInfo).port });
  await pause(each);
  proxies.webhook.aim({ host, port: Number(port) });
  broken.close();
}

async function harmCalls(rig: Rig, productId: string): Promise<void> {
  const printed = rig.platform.output().length;
  await trouble(rig, TROUBLE);
  const until = Date.now() + rig.seconds * 1000;
  const customers = await Promise.all(Array.from({ length: CHARGING }, () => rig.shopper()));
  await Promise.all(customers.map((who) => chargeCards(rig, who, productId, until)));
  rig.log(`calls that came to harm: ${harmed(rig, printed)}`);
}

async function beEarly(rig: Rig, productId: string): Promise<void> {
  await trouble(rig, { start: { late: 1 } });
  const first = await Promise.all(Array.from({ length: EARLY }, () => payBeforeReply(rig, productId)));
  const count = first.filter(Boolean).length;
  rig.log(`${count} of ${EARLY} webhooks came before the reply to the call that began the payment`);
  if (count === 0) violations.push('no webhook came before the reply');
}
