import { Controller } from '@nestjs/common';
import { signedIn } from '@order-system/contracts/actor';
import {
  AddBasketItem,
  CheckOutBasket,
  ClearBasket,
  CreateBasket,
  GetBasket,
  GetBasketLines,
  GetOwnBasket,
  GiveBackBasket,
  MergeBaskets,
  RemoveBasketItem,
  SetBasketItem,
  TakeGuestBasket,
} from '@order-system/contracts/basket.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { hasCode, notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { AddItem } from './add-item.js';
import type { StoredBasket } from './basket.rules.js';
import {
  type Change,
  mergedInto,
  openBasket,
  readBasket,
  readOwnBasket,
  removeLines,
} from './basket.store.js';
import { checkOut } from './check-out.js';
import { putBack } from './checkout.store.js';
import { mergeBaskets, takeGuestBasket } from './merge-baskets.js';
import { openGuestBasket } from './open-guest-basket.js';
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
  async create(_: CallInput<typeof CreateBasket>, ctx: MessageContext) {
    const { id: userId } = ctx.actor;
    const basket = await (userId === null ? openGuestBasket(this.db, ctx) : this.open(userId));
    return this.pricing.execute(basket, ctx);
  }

  /** Makes one for a customer who has none yet: they have a basket, it is only empty. */
  @Rpc(GetOwnBasket)
  async own(_: CallInput<typeof GetOwnBasket>, ctx: MessageContext) {
    return this.pricing.execute(
      await this.open(signedIn(ctx.actor, 'Sign in to have a basket of your own.')),
      ctx,
    );
  }

  @Rpc(GetBasket)
  async get({ id }: CallInput<typeof GetBasket>, ctx: MessageContext) {
    const read = (found: string) => readBasket(this.db, { id: found, userId: ctx.actor.id });
    return this.pricing.execute(await this.inBasket(id, ctx, read), ctx);
  }

  @Rpc(GetBasketLines)
  async lines({ id }: CallInput<typeof GetBasketLines>, ctx: MessageContext) {
    return { lines: (await readBasket(this.db, { id, userId: ctx.actor.id })).items };
  }

  @Rpc(CheckOutBasket)
  async checkOut({ id, orderId }: CallInput<typeof CheckOutBasket>, ctx: MessageContext) {
    return { lines: await this.inBasket(id, ctx, (found) => checkOut(this.db, { id: found, orderId }, ctx)) };
  }

  @Rpc(GiveBackBasket)
  async giveBack({ orderId }: CallInput<typeof GiveBackBasket>) {
    await this.db.inTx((tx) => putBack(tx, orderId));
    return {};
  }

  @Rpc(AddBasketItem)
  addItem(input: CallInput<typeof AddBasketItem>, ctx: MessageContext) {
    return this.inBasket(input.id, ctx, (id) => this.adding.execute({ ...input, id }, ctx));
  }

  @Rpc(SetBasketItem)
  setItem(input: CallInput<typeof SetBasketItem>, ctx: MessageContext) {
    return this.inBasket(input.id, ctx, (id) => this.setting.execute({ ...input, id }, ctx));
  }

  @Rpc(RemoveBasketItem)
  async removeItem({ id, productId }: CallInput<typeof RemoveBasketItem>, ctx: MessageContext) {
    const { isDone, basket } = await this.remove(id, productId, ctx);
    if (!isDone) throw notFound('item');
    return this.pricing.execute(basket, ctx);
  }

  @Rpc(ClearBasket)
  async clear({ id }: CallInput<typeof ClearBasket>, ctx: MessageContext) {
    const { basket } = await this.remove(id, null, ctx);
    return this.pricing.execute(basket, ctx);
  }

  @Rpc(MergeBaskets)
  async merge(input: CallInput<typeof MergeBaskets>, ctx: MessageContext) {
    const { lines } = await this.db.inTx((tx) =>
      once(tx, ctx, Merging, input, async () => ({ lines: (await mergeBaskets(tx, input, ctx)).items })),
    );
    return this.pricing.execute({ id: input.id, userId: ctx.actor.id, items: lines }, ctx);
  }

  @Rpc(TakeGuestBasket)
  async takeGuest({ basketId }: CallInput<typeof TakeGuestBasket>, { actor }: MessageContext) {
    const userId = signedIn(actor);
    await this.db.inTx((tx) => takeGuestBasket(tx, { basketId, userId }));
    return {};
  }

  private remove(id: string, productId: string | null, ctx: MessageContext): Promise<Change> {
    return this.inBasket(id, ctx, (found) =>
      removeLines(this.db, { id: found, userId: ctx.actor.id }, productId),
    );
  }

  /** Who has signed in may go on by the id of the guest's basket that was merged into their own. */
  private async inBasket<T>(
    id: string,
    { actor }: MessageContext,
    work: (id: string) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(id);
    } catch (error) {
      if (!hasCode(error, 'NOT_FOUND')) throw error;
      const own = await mergedInto(this.db, { id, userId: actor.id });
      if (own === undefined) throw error;
      return work(own);
    }
  }

  /** It is nearly always there: only read, nothing waits for the disk. */
  private async open(userId: string): Promise<StoredBasket> {
    return (await readOwnBasket(this.db, userId)) ?? openBasket(this.db, userId);
  }
}
