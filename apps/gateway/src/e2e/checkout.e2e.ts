import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Basket,
  type Client,
  givenAdmin,
  givenProduct,
  givenUser,
  guest,
  type Placed,
  type Product,
  tally,
  times,
} from './client.js';

let admin: Client;
beforeAll(async () => void (admin = await givenAdmin()));

const put = (who: Client, basketId: string, { id: productId }: Product, quantity: number) =>
  who.ask<Basket>('POST', `/basket/${basketId}/items`, { productId, quantity });
const order = (user: Client, basketId: string) =>
  user.send('POST', '/orders', { body: { basketId, paymentMethod: 'SANDBOX' } });
const quantitiesIn = async (user: Client) =>
  (await user.ask<Basket>('GET', '/basket')).items.map(({ quantity }) => quantity);

async function givenBasket(quantity: number, product?: Product) {
  const user = await givenUser();
  const { id } = await user.ask<Basket>('POST', '/basket');
  const given = product ?? (await givenProduct(admin));
  await put(user, id, given, quantity);
  return { user, id, product: given };
}

describe('a basket', () => {
  it('becomes one order, however often it is ordered at once and right after', async () => {
    const { user, id } = await givenBasket(2);
    const answers = await Promise.all(times(8, () => order(user, id)));
    expect(tally(answers)).toEqual({ '201': 1, '409 BASKET_EMPTY': 7 });
    expect((await order(user, id)).outcome).toEqual([409, 'BASKET_EMPTY']);
    const [first] = answers.filter(({ status }) => status === 201);
    expect(first?.data<Placed>().order.items).toMatchObject([{ quantity: 2 }]);
  });

  it('is empty once the order exists, and keeps what is put in from then on', async () => {
    const { user, id, product } = await givenBasket(2);
    expect((await order(user, id)).status).toBe(201);
    expect(await quantitiesIn(user)).toEqual([]);
    await put(user, id, product, 5);
    // Until the order's event has arrived, and beyond.
    for (let look = 0; look < 20; look += 1) expect(await quantitiesIn(user)).toEqual([5]);
  });

  it('is as it was when the order is refused', async () => {
    const { user, id, product } = await givenBasket(3, await givenProduct(admin, { stock: 3 }));
    await admin.ask('PATCH', `/products/${product.id}`, { stock: 2 });
    expect((await order(user, id)).outcome).toEqual([409, 'OUT_OF_STOCK']);
    expect(await quantitiesIn(user)).toEqual([3]);
  });

  it('of a guest is ordered by the id that it had, after signing in', async () => {
    const user = await givenUser();
    const { id } = await guest().ask<Basket>('POST', '/basket');
    await put(guest(), id, await givenProduct(admin), 4);
    const own = await user.ask<Basket>('POST', '/basket');
    await user.ask('POST', `/basket/${own.id}/merge`, { fromBasketId: id });
    const answer = await order(user, id);
    expect(answer.data<Placed>().order.items).toMatchObject([{ quantity: 4 }]);
    expect(await quantitiesIn(user)).toEqual([]);
  });
});
