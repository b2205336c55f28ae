import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type PlacedOrder, Refused, type Shopper } from '@order-system/testing/shopper';
import type { Random } from '../random.ts';
import { talk } from './talk.ts';

/** What customers do, and how often of a hundred times. */
const WAYS = [
  ['buy', 50],
  ['payAgain', 10],
  ['orderInParallel', 10],
  ['giveUp', 6],
  ['cancel', 6],
  ['cancelWhilePaying', 6],
  ['askForCustom', 12],
] as const;

/** Staff may have given some of it back before anybody looks. */
const PAID = ['PAID', 'PARTIALLY_REFUNDED', 'REFUNDED'];
/** What staff or time may have done in the meantime; everything else is a problem. */
const EXPECTED = ['OUT_OF_STOCK', 'NOT_PAYABLE', 'ALREADY_PAID', 'ILLEGAL_TRANSITION', 'ROOM_CLOSED'];
const PATIENCE_MS = 150_000;
const THINKING_MS = 600;
const MOST_OF_ONE = 2;

/** Goes through one purchase after the other, in one way or another, until told to stop. */
export class Customer {
  private readonly shopper: Shopper;
  private readonly products: readonly string[];
  private readonly random: Random;
  bought = 0;
  private isStopping = false;

  constructor(shopper: Shopper, products: readonly string[], random: Random) {
    this.shopper = shopper;
    this.products = products;
    this.random = random;
  }

  stop(): void {
    this.isStopping = true;
  }

  async run(): Promise<void> {
    while (!this.isStopping) {
      await this[this.way()]().catch(unlessExpected);
      await pause(this.random.below(THINKING_MS));
    }
  }

  /** Once: again when it was out of stock, or its time to pay ran out. */
  async buyForCertain(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const order = await this.shopper.order([this.random.pick(this.products)]).catch(unlessExpected);
      if (!order) continue;
      await this.shopper.pay(order.id).catch(unlessExpected);
      await this.waitUntil(order.id, ({ status }) => status !== 'PENDING');
      const { paymentStatus } = await this.shopper.find(order.id);
      if (paymentStatus === 'PAID') return;
    }
    throw new Error('no purchase went through');
  }

  private way(): (typeof WAYS)[number][0] {
    let left = this.random.below(100);
    for (const [way, share] of WAYS) if ((left -= share) < 0) return way;
    return 'buy';
  }

  private async buy(): Promise<void> {
    const { id } = await this.shopper.place(await this.wish());
    await this.shopper.pay(id);
    await this.waitUntilSettled(id);
  }

  private async payAgain(): Promise<void> {
    const { id } = await this.shopper.place(await this.wish());
    await this.shopper.decline(id);
    await this.shopper.pay(id);
    await this.waitUntilSettled(id);
  }

  private async orderInParallel(): Promise<void> {
    const [key, wish] = [randomUUID(), await this.wish()];
    const [order] = await Promise.all([1, 2, 3].map(() => this.shopper.place(wish, key)));
    await this.shopper.pay(order!.id);
    await this.waitUntilSettled(order!.id);
  }

  private async giveUp(): Promise<void> {
    await this.shopper.place(await this.wish());
  }

  private async cancel(): Promise<void> {
    const { id } = await this.shopper.place(await this.wish());
    await this.cancelOrder(id);
  }

  private async cancelWhilePaying(): Promise<void> {
    const { id } = await this.shopper.place(await this.wish());
    await Promise.all([
      this.shopper.pay(id).catch(unlessExpected),
      this.cancelOrder(id).catch(unlessExpected),
    ]);
    await this.waitUntilSettled(id);
  }

  private async askForCustom(): Promise<void> {
    const wish = { description: 'An oak table', specifications: { wood: 'oak' }, quantity: 1 };
    const { order } = await this.placeCustom(wish);
    await talk(this.shopper, order.id, this.random);
    await this.waitUntil(order.id, ({ status }) => status !== 'REVIEW');
    await this.shopper.pay(order.id);
    await this.waitUntil(
      order.id,
      ({ status, paymentStatus }) => status === 'CANCELLED' || PAID.includes(paymentStatus),
    );
    this.bought += 1;
  }

  private async placeCustom(wish: object): Promise<{ order: { id: string } }> {
    const answer = await this.shopper.insist('POST /api/orders', { body: wish });
    return (answer as { data: { order: { id: string } } }).data;
  }

  private async wish(): Promise<object> {
    if (this.random.chance(0.3))
      return { basketId: await this.shopper.fill([this.random.pick(this.products)]) };
    const wanted = new Set([this.random.pick(this.products), this.random.pick(this.products)]);
    const items = [...wanted].map((productId) => ({
      productId,
      quantity: 1 + this.random.below(MOST_OF_ONE),
    }));
    return { items };
  }

  private async cancelOrder(id: string): Promise<void> {
    await this.shopper.insist(`POST /api/orders/${id}/cancel`, { body: { reason: 'changed my mind' } });
  }

  private async waitUntilSettled(id: string): Promise<void> {
    await this.waitUntil(id, ({ status }) => status !== 'PENDING');
    this.bought += 1;
  }

  private waitUntil(id: string, isIt: (order: PlacedOrder) => boolean): Promise<PlacedOrder> {
    return this.shopper.waitUntil(id, isIt, PATIENCE_MS);
  }
}

function unlessExpected(error: unknown): undefined {
  if (!(error instanceof Refused) || !EXPECTED.includes(error.code ?? '')) throw error;
}
