import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Shopper } from '@order-system/testing/shopper';
import type { Random } from '../random.ts';

interface Order {
  readonly id: string;
  readonly kind: 'CATALOG' | 'CUSTOM';
  readonly status: string;
  readonly paymentStatus: string;
  readonly total: number;
  readonly payment?: { readonly id: string };
}

/** Few enough to run out now and then. */
const SHELVES = [40, 40, 40, 40, 6, 2];
const RESTOCK_BELOW = 3;
const RESTOCK_BY = 20;
const PAGE = 50;
const WIDTH = 4;
/** A customer has so long to say what the room is about. */
const TALKING_MS = 3_000;
const BETWEEN_ROUNDS_MS = 500;
/** What customers, time or an earlier try may have done meanwhile. */
const OVERTAKEN = [409];

/** Ships, completes, refunds, closes rooms and fills the shelves, round after round. */
export class Staff {
  private readonly shopper: Shopper;
  private readonly random: Random;
  private isStopping = false;
  private isClosing = false;
  private products: string[] = [];
  /** When orders in review were seen first. */
  private readonly seen = new Map<string, number>();

  constructor(shopper: Shopper, random: Random) {
    this.shopper = shopper;
    this.random = random;
  }

  stop(): void {
    this.isStopping = true;
  }

  /** From now on also what waits for a customer comes to its end. */
  settleEverything(): void {
    this.isClosing = true;
  }

  async fillShelves(): Promise<string[]> {
    for (const [index, stock] of SHELVES.entries()) {
      const sku = `CHAOS-${randomUUID()}`;
      const body = { sku, name: `Thing ${index}`, category: 'Chaos', price: 10 + index / 4, stock };
      const { data } = (await this.shopper.insist('POST /api/products', { body })) as {
        data: { id: string };
      };
      this.products.push(data.id);
    }
    return this.products;
  }

  async run(): Promise<void> {
    while (!this.isStopping) {
      await this.each('REVIEW', (order) => this.review(order));
      await this.each('PROCESSING', (order) => this.process(order));
      await this.each('SHIPPED', (order) => this.complete(order));
      await this.restock();
      await pause(BETWEEN_ROUNDS_MS);
    }
  }

  private async each(status: string, act: (order: Order) => Promise<void>): Promise<void> {
    const path = `GET /api/orders?status=${status}&limit=${PAGE}`;
    const { data } = (await this.shopper.insist(path)) as { data: Order[] };
    const lane = async () => {
      for (let order = data.pop(); order; order = data.pop()) await act(order);
    };
    await Promise.all(Array.from({ length: WIDTH }, lane));
  }

  private async review({ id, kind }: Order): Promise<void> {
    // Not by the order's own time: the services' clocks may be part of the fault.
    const seenAt = this.seen.get(id) ?? Date.now();
    this.seen.set(id, seenAt);
    if (Date.now() - seenAt < TALKING_MS) return;
    const answer = { content: 'Ready in three weeks.', clientMessageId: randomUUID() };
    await this.ask(`POST /api/chat/${id}/messages`, answer);
    const quote = kind === 'CUSTOM' ? { quote: 48 } : {};
    await this.ask(`PATCH /api/chat/${id}/close`, { summary: `Oak, for ${id}`, ...quote });
  }

  private async process(order: Order): Promise<void> {
    const { id, paymentStatus } = order;
    const isPaid = ['PAID', 'PARTIALLY_REFUNDED', 'NOT_REQUIRED'].includes(paymentStatus);
    if (!isPaid && !this.isClosing) return;
    if (!isPaid || this.random.chance(0.07))
      return this.move(id, { status: 'CANCELLED', reason: 'no wood left' });
    if (this.random.chance(0.1)) await this.refund(order);
    await this.move(id, { status: 'SHIPPED', trackingNumber: randomUUID(), carrier: 'UPS' });
  }

  private async complete(order: Order): Promise<void> {
    await this.move(order.id, { status: 'COMPLETED' });
    if (this.random.chance(0.05)) await this.refund(order);
  }

  private async refund({ id }: Order): Promise<void> {
    const { data } = (await this.shopper.insist(`GET /api/orders/${id}`)) as { data: Order };
    if (data.payment) await this.ask(`POST /api/payments/${data.payment.id}/refund`, { amount: 1.25 });
  }

  private move(id: string, body: object): Promise<void> {
    return this.ask(`PATCH /api/orders/${id}/status`, body);
  }

  private async restock(): Promise<void> {
    for (const id of this.products) {
      const { data } = (await this.shopper.insist(`GET /api/products/${id}`)) as { data: { stock: number } };
      if (data.stock >= RESTOCK_BELOW) continue;
      await this.ask(`POST /api/products/${id}/restock`, { quantity: RESTOCK_BY, reason: randomUUID() });
    }
  }

  private async ask(request: string, body: object): Promise<void> {
    await this.shopper.insist(request, { body, settled: OVERTAKEN });
  }
}
