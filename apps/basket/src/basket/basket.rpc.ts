import { Controller } from '@nestjs/common';
import {
  AddBasketItem,
  type Basket,
  ClearBasket,
  CreateBasket,
  GetBasket,
  GetBasketLines,
  GetOwnBasket,
  MergeBaskets,
  RemoveBasketItem,
  SetBasketItem,
} from '@order-system/contracts/basket.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { AddItem } from './add-item.js';
import type { StoredBasket } from './basket.rules.js';
import { openBasket, readBasket, readOwnBasket, removeLines } from './basket.store.js';
import { mergeBaskets } from './merge-baskets.js';
import { PriceBasket } from './price-basket.js';
import { SetItem } from './set-item.js';

/** What a repeated merge is answered: the basket as it was then, at the prices of now. */
const Merging = { ...MergeBaskets, output: GetBasketLines.output };

@Controller()
export class BasketRpc {
  constructor(
    private readonly db: Database,
    private readonly pricing: PriceBasket,
    private readonly adding: AddItem,
    private readonly setting: SetItem,
  ) {}

  @Rpc(CreateBasket)
  async create(_: CallInput<typeof CreateBasket>, ctx: MessageContext): Promise<Basket> {
    return this.pricing.execute(await this.open(ctx.actor.id), ctx);
  }

  /** Makes one for a customer who has none yet: they have a basket, it is only empty. */
  @Rpc(GetOwnBasket)
  async own(_: CallInput<typeof GetOwnBasket>, ctx: MessageContext): Promise<Basket> {
    const userId = ctx.actor.id;
    if (userId === null) throw new DomainError('UNAUTHENTICATED', 'Sign in to have a basket of your own.');
    return this.pricing.execute(await this.open(userId), ctx);
  }

  @Rpc(GetBasket)
  async get({ id }: CallInput<typeof GetBasket>, ctx: MessageContext): Promise<Basket> {
    return this.pricing.execute(await readBasket(this.db, { id, userId: ctx.actor.id }), ctx);
  }

  @Rpc(GetBasketLines)
  async lines(
    { id }: CallInput<typeof GetBasketLines>,
    ctx: MessageContext,
  ): Promise<CallOutput<typeof GetBasketLines>> {
    return { lines: (await readBasket(this.db, { id, userId: ctx.actor.id })).items };
  }

  @Rpc(AddBasketItem)
  addItem(input: CallInput<typeof AddBasketItem>, ctx: MessageContext): Promise<Basket> {
    return this.adding.execute(input, ctx);
  }

  @Rpc(SetBasketItem)
  setItem(input: CallInput<typeof SetBasketItem>, ctx: MessageContext): Promise<Basket> {
    return this.setting.execute(input, ctx);
  }

  @Rpc(RemoveBasketItem)
  async removeItem(
    { id, productId }: CallInput<typeof RemoveBasketItem>,
    ctx: MessageContext,
  ): Promise<Basket> {
    const { isDone, basket } = await removeLines(this.db, { id, userId: ctx.actor.id }, productId);
    if (!isDone) throw notFound('item');
    return this.pricing.execute(basket, ctx);
  }

  @Rpc(ClearBasket)
  async clear({ id }: CallInput<typeof ClearBasket>, ctx: MessageContext): Promise<Basket> {
    const { basket } = await removeLines(this.db, { id, userId: ctx.actor.id }, null);
    return this.pricing.execute(basket, ctx);
  }

  @Rpc(MergeBaskets)
  async merge(input: CallInput<typeof MergeBaskets>, ctx: MessageContext): Promise<Basket> {
    const { lines } = await this.db.inTx((tx) =>
      once(tx, ctx, Merging, input, async () => ({ lines: (await mergeBaskets(tx, input, ctx)).items })),
    );
    return this.pricing.execute({ id: input.id, userId: ctx.actor.id, items: lines }, ctx);
  }

  /** For a guest always a new one. A customer's is nearly always there: only read, nothing waits for the disk. */
  private async open(userId: string | null): Promise<StoredBasket> {
    const own = userId === null ? undefined : await readOwnBasket(this.db, userId);
    return own ?? openBasket(this.db, userId);
  }
}
