import { z } from 'zod';
import { defineCall } from './define.js';
import { Money } from './money.js';
import { Id, Nothing, Quantity } from './primitives.js';

const BasketLine = z.object({
  productId: Id,
  title: z.string(),
  price: Money,
  quantity: z.int(),
  total: Money,
  available: z.int().meta({ description: 'How many can be bought now' }),
  inStock: z.boolean().meta({ description: 'Whether the stock suffices for this line' }),
});

export const Basket = z.object({
  id: Id,
  userId: Id.nullable(),
  items: z.array(BasketLine),
  subtotal: Money,
  currency: z.string(),
});
export type Basket = z.output<typeof Basket>;

const BasketQuantity = Quantity.max(10_000);

/** Signed in: the open basket if there is one. */
export const CreateBasket = defineCall('basket.create', { kind: 'command', input: Nothing, output: Basket });
export const GetOwnBasket = defineCall('basket.own', { kind: 'query', input: Nothing, output: Basket });
export const GetBasket = defineCall('basket.get', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: Basket,
});

export const AddBasketItem = defineCall('basket.addItem', {
  kind: 'command',
  input: z.strictObject({ id: Id, productId: Id, quantity: BasketQuantity }),
  output: Basket,
});
export const SetBasketItem = defineCall('basket.setItem', {
  kind: 'command',
  input: z.strictObject({ id: Id, productId: Id, quantity: BasketQuantity }),
  output: Basket,
});
export const RemoveBasketItem = defineCall('basket.removeItem', {
  kind: 'command',
  input: z.strictObject({ id: Id, productId: Id }),
  output: Basket,
});
export const ClearBasket = defineCall('basket.clear', {
  kind: 'command',
  input: z.object({ id: Id }),
  output: Basket,
});
export const MergeBaskets = defineCall('basket.merge', {
  kind: 'command',
  input: z.strictObject({ id: Id, fromBasketId: Id }),
  output: Basket,
});
/** What a guest has put into a basket goes into the caller's own. One that is gone, or merged by then, changes nothing. */
export const TakeGuestBasket = defineCall('basket.takeGuest', {
  kind: 'command',
  input: z.strictObject({ basketId: Id }),
  output: Nothing,
});
/** No prices: they are the catalogue's to say. */
const Lines = z.object({ lines: z.array(z.object({ productId: Id, quantity: z.int() })) });

/** Orders of the version before asked for what they are made of, and had it removed when they existed. */
export const GetBasketLines = defineCall('basket.lines', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: Lines,
});

/** Takes out what an order is made of. Asked again for the same order it answers the same. */
export const CheckOutBasket = defineCall('basket.checkOut', {
  kind: 'command',
  input: z.object({ id: Id, orderId: Id }),
  output: Lines,
});
/** Puts back what was taken out for an order that did not come to be. */
export const GiveBackBasket = defineCall('basket.giveBack', {
  kind: 'command',
  input: z.object({ orderId: Id }),
  output: Nothing,
});
