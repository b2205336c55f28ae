import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { ACCESS, type Access, type Thing, type Who } from './access-table.js';
import {
  type Answer,
  type Basket,
  type Client,
  givenAdmin,
  givenOrder,
  givenProduct,
  givenUser,
  guest,
} from './client.js';

interface Operation {
  security: object[];
}
interface Route {
  /** `GET /orders/:id` */
  route: string;
  access: Access;
  security: object[];
}

const served = (await guest().send('GET', '/openapi.json')).body<{
  paths: Record<string, Record<string, Operation>>;
}>();
const documented = Object.entries(served.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, { security }]) => ({
    route: `${method.toUpperCase()} ${path.replace(/^\/api/, '').replaceAll(/\{\w+\}/g, ':id')}`,
    security,
  })),
);
const routes: Route[] = documented.flatMap(({ route, security }) => {
  const access = ACCESS[route];
  return access ? [{ route, access, security }] : [];
});
const thatAreFor = (...who: Who[]) => routes.filter(({ access }) => who.includes(access.who));

let admin: Client;
let owner: Client;
let other: Client;
let ids: Record<Thing | 'guestBasket', string>;
beforeAll(async () => {
  [admin, owner, other] = await Promise.all([givenAdmin(), givenUser(), givenUser()]);
  const product = await givenProduct(admin);
  const [placed, basket, guestBasket] = await Promise.all([
    givenOrder(owner, product),
    owner.ask<Basket>('POST', '/basket'),
    guest().ask<Basket>('POST', '/basket'),
  ]);
  ids = {
    order: placed.order.id,
    payment: placed.payment?.id ?? '',
    basket: basket.id,
    product: product.id,
    user: owner.userId,
    guestBasket: guestBasket.id,
    nothing: randomUUID(),
    notification: randomUUID(),
  };
});

const firstNotification = () =>
  eventually(async () => {
    const [first] = await owner.ask<{ id: string }[]>('GET', '/notifications');
    if (first === undefined) throw new Error('there is no notification yet');
    return first.id;
  });

function call(who: Client, { route, access }: Route, id = ids[access.id ?? 'nothing']): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ');
  const { body } = access;
  const made = typeof body === 'function' ? body(ids) : body;
  const sent = method === 'GET' || method === 'DELETE' ? undefined : (made ?? {});
  return who.send(method, path.replace(':id', id).replace(':id', ids.product), { body: sent });
}

/** Whatever the answer, it is not that the caller may not, and some service gave it. */
function expectLetIn({ status, text }: Answer, refusals: number[] = [401, 403]): void {
  if (refusals.includes(status) || status >= 500) throw new Error(`${status} ${text}`);
}

const withoutCorrelation = ({ status, text }: Answer) => [
  status,
  { ...(JSON.parse(text) as object), correlationId: '' },
];

it('every documented route has an expectation, and there is none for another', () => {
  expect(documented.map(({ route }) => route).sort()).toEqual(Object.keys(ACCESS).sort());
});

describe('the documentation says who needs a token', () => {
  it.each(routes)('$route', ({ access, security }) => {
    const isOpen = access.who === 'anyone' || access.who === 'holder';
    expect(security.length === 0 || security.some((way) => Object.keys(way).length === 0)).toBe(isOpen);
  });
});

describe('open to guests', () => {
  it.each(thatAreFor('anyone'))('$route', async (route) => {
    expectLetIn(await call(guest(), route), route.access.refuses ? [403] : [401, 403]);
  });
});

describe('closed to guests and to tokens that are none', () => {
  it.each(thatAreFor('user', 'admin', 'owner', 'owner-or-admin'))('$route', async (route) => {
    expect((await call(guest(), route)).outcome).toEqual([401, 'UNAUTHENTICATED']);
    const [method = '', path = ''] = route.route.split(' ');
    const headers = { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' };
    const answer = await guest().send(method, path.replaceAll(':id', ids.order), { headers });
    expect(answer.outcome).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('closed to guests at the old address without /api, too', () => {
  it.each(thatAreFor('user', 'admin', 'owner', 'owner-or-admin'))('$route', async ({ route }) => {
    const [method = '', path = ''] = route.split(' ');
    const { url } = guest();
    const answer = await guest().send(method, url + path.replaceAll(':id', ids.order));
    expect(answer.outcome).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('open to users', () => {
  it.each(thatAreFor('user'))('$route', async (route) => {
    expectLetIn(await call(route.access.ends ? await givenUser() : other, route));
  });
});

describe('open to admins only', () => {
  it.each(thatAreFor('admin'))('$route', async (route) => {
    expect((await call(other, route)).outcome).toEqual([403, 'FORBIDDEN']);
    expect((await call(owner, route)).outcome).toEqual([403, 'FORBIDDEN']);
    expectLetIn(await call(admin, route));
  });
});

const putSomethingIn = () =>
  owner.ask('POST', `/basket/${ids.basket}/items`, { productId: ids.product, quantity: 1 });

describe('open to the owner; to a stranger it does not exist', () => {
  it.each(thatAreFor('owner', 'owner-or-admin', 'holder'))('$route', async (route) => {
    if (route.access.id === 'basket') await putSomethingIn();
    if (route.access.id === 'notification') ids.notification = await firstNotification();
    const stranger = await call(other, route);
    expect(stranger.outcome).toEqual([404, 'NOT_FOUND']);
    expect(withoutCorrelation(stranger)).toEqual(withoutCorrelation(await call(other, route, randomUUID())));
    if (route.access.who === 'holder')
      expect((await call(guest(), route)).outcome).toEqual([404, 'NOT_FOUND']);
    const isForAdmins = route.access.who === 'owner-or-admin';
    const asAdmin = await call(admin, route);
    if (isForAdmins) expectLetIn(asAdmin, [401, 403, 404]);
    else expect(asAdmin.outcome).toEqual([404, 'NOT_FOUND']);
    expectLetIn(await call(owner, route), [401, 403, 404]);
  });
});

describe('lists', () => {
  it('hold only what is the own', async () => {
    expect(await other.ask('GET', '/orders')).toEqual([]);
    for (const { userId } of [owner, other])
      expect((await other.send('GET', `/orders?userId=${userId}`)).outcome).toEqual([403, 'FORBIDDEN']);
    for (const query of [`filter[userId]=${owner.userId}`, `userId=${other.userId}&userId=${owner.userId}`])
      expect((await other.send('GET', `/orders?${query}`)).outcome).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('of own orders hold no others for admins either', async () => {
    const orders = await admin.ask<{ userId: string }[]>('GET', `/orders/my-orders?userId=${owner.userId}`);
    expect(orders.filter(({ userId }) => userId !== admin.userId)).toEqual([]);
    expect(await admin.ask('GET', `/orders?userId=${owner.userId}`)).not.toEqual([]);
  });
});

it("a guest's basket is anybody's who knows its id; once merged it is the customer's", async () => {
  const { id } = await guest().ask<Basket>('POST', '/basket');
  await guest().ask('POST', `/basket/${id}/items`, { productId: ids.product, quantity: 1 });
  expect((await other.send('GET', `/basket/${id}`)).status).toBe(200);
  const own = await other.ask<Basket>('POST', '/basket');
  expect(await other.ask('POST', `/basket/${own.id}/merge`, { fromBasketId: id })).toMatchObject({
    items: [{ quantity: 1 }],
  });
  for (const who of [guest(), owner]) expect((await who.send('GET', `/basket/${id}`)).status).toBe(404);
  const theft = { body: { fromBasketId: own.id } };
  expect((await owner.send('POST', `/basket/${ids.basket}/merge`, theft)).outcome).toEqual([
    404,
    'NOT_FOUND',
  ]);
});
