import { Injectable } from '@nestjs/common';
import { AddBasketItem, type Basket } from '@order-system/contracts/basket.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { once, withKeysOf } from '@order-system/messaging/idempotency';
import { Database, type Statements, type Tx } from '@order-system/prisma/database';
import {
  MOST_LINES,
  mostOf,
  onSale,
  priced,
  type Products,
  type StoredBasket,
  tooMany,
  tooManyLines,
} from './basket.rules.js';
import { type Access, addLine, lockBasket, readBasket } from './basket.store.js';
import { PriceBasket } from './price-basket.js';

type Input = CallInput<typeof AddBasketItem>;

@Injectable()
export class AddItem {
  constructor(
    private readonly db: Database,
    private readonly pricing: PriceBasket,
  ) {}

  async execute(input: Input, ctx: MessageContext): Promise<Basket> {
    const access = { id: input.id, userId: ctx.actor.id };
    const { items } = await readBasket(this.db, access);
    const ids = [input.productId, ...items.map((item) => item.productId)];
    const products = await this.pricing.lookUp(ids, ctx);
    const put = (db: Statements) => add(db, input, ctx, products);
    if (ctx.idempotencyKey === undefined) {
      // One statement is enough, unless several could fill the basket beyond its limit at once.
      const basket = items.length < MOST_LINES / 2 ? await put(this.db) : await this.locked(access, put);
      return isKnown(basket, products) ? priced(basket, products) : this.pricing.execute(basket, ctx);
    }
    return this.locked(access, (tx) =>
      // The basket's id is known to nobody but its guest.
      once(tx, withKeysOf(input.id, ctx), AddBasketItem, input, async () => {
        const basket = await put(tx);
        if (isKnown(basket, products)) return priced(basket, products);
        throw new DomainError('STALE_WRITE', 'Something else was put into the basket meanwhile; try again.');
      }),
    );
  }

  private locked<T>(access: Access, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.db.inTx(async (tx) => {
      await lockBasket(tx, access);
      return work(tx);
    });
  }
}

const isKnown = ({ items }: StoredBasket, products: Products): boolean =>
  items.every(({ productId }) => products.has(productId));

async function add(
  db: Statements,
  { id, productId, quantity }: Input,
  { actor }: MessageContext,
  products: Products,
): Promise<StoredBasket> {
  const product = onSale(products, productId);
  const access = { id, userId: actor.id };
  const { isDone, basket } = await addLine(db, access, { productId, quantity }, mostOf(product));
  if (isDone) return basket;
  const { items } = await readBasket(db, access);
  const line = items.find((item) => item.productId === productId);
  if (!line && items.length >= MOST_LINES) throw tooManyLines();
  throw tooMany(product, quantity + (line?.quantity ?? 0));
}
