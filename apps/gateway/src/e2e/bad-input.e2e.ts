import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  anEmail,
  type Basket,
  type Client,
  givenAdmin,
  givenOrder,
  givenProduct,
  givenUser,
  guest,
  type Order,
  PASSWORD,
  type Product,
  tally,
  times,
} from './client.js';

let admin: Client;
let user: Client;
let product: Product;
let basket: Basket;
beforeAll(async () => {
  [admin, user] = await Promise.all([givenAdmin(), givenUser()]);
  product = await givenProduct(admin);
  basket = await guest().ask<Basket>('POST', '/basket');
});

const NO = [400, 'VALIDATION_FAILED'];
const register = (more: object) => ({ email: anEmail(), password: PASSWORD, ...more });
const post = (path: string, body: unknown) => guest().send('POST', path, { body });
const order = (body: object) => user.send('POST', '/orders', { body: { paymentMethod: 'SANDBOX', ...body } });
const item = (more: object = {}) => ({ productId: product.id, quantity: 1, ...more });

describe('registration', () => {
  it.each([
    ['isAdmin', { isAdmin: true }],
    ['id', { id: randomUUID() }],
    ['emailVerified', { emailVerified: true }],
    ['a password of 7 characters', { password: 'Secr123' }],
    ['a password without a digit', { password: 'SecretSecret' }],
    ['a password of 73 bytes', { password: `Aa1${'é'.repeat(35)}` }],
    ['a password of 10 kB', { password: `Aa1${'x'.repeat(10_000)}` }],
    ['an e-mail address that is none', { email: 'ada' }],
    ['an e-mail address in a list', { email: ['ada@example.com'] }],
    ['an e-mail address as object', { email: { $ne: null } }],
    ['a name of two kinds', { name: { first: 'Ada' } }],
  ])('is refused with %s', async (_, more) => {
    expect((await post('/auth/register', register(more))).outcome).toEqual(NO);
  });

  it('is refused with keys that reach for the prototype', async () => {
    for (const extra of ['"__proto__":{"role":"admin"}', '"constructor":{"prototype":{"role":"admin"}}']) {
      const raw = `{"email":"${anEmail()}","password":"${PASSWORD}",${extra}}`;
      expect((await guest().send('POST', '/auth/register', { raw })).outcome).toEqual(NO);
    }
  });

  it('as admin is refused, whatever the spelling', async () => {
    for (const role of ['admin', 'ADMIN', 'root'])
      expect((await post('/auth/register', register({ role }))).outcome).toEqual([403, 'ROLE_NOT_ALLOWED']);
  });

  it('takes long passwords and any script; an address counts once in any case', async () => {
    const email = anEmail();
    const password = `Пароль-Ñandú-1${'ü'.repeat(20)}`;
    expect((await post('/auth/register', { email, password })).status).toBe(201);
    expect((await guest().logIn(email.toUpperCase(), password)).session?.user.email).toBe(email);
    const again = await post('/auth/register', { email: email.toUpperCase(), password });
    expect(again.outcome).toEqual([409, 'EMAIL_TAKEN']);
  });

  it('of one address 10 times at once makes one account', async () => {
    const body = register({});
    const answers = await Promise.all(times(10, () => post('/auth/register', body)));
    expect(tally(answers)).toEqual({ '201': 1, '409 EMAIL_TAKEN': 9 });
  });

  it('never answers with a password', async () => {
    expect((await post('/auth/register', register({}))).text).not.toMatch(/password|\$2[aby]\$/i);
  });
});

describe('lists and ids', () => {
  it.each([
    'limit=-1',
    'limit=0',
    'limit=101',
    'limit=1e9',
    'limit=abc',
    'page=0',
    'page=1.5',
    'sort=password',
  ])('refuse ?%s', async (query) => {
    expect((await guest().send('GET', `/products?${query}`)).outcome).toEqual(NO);
  });

  it.each([
    'filter={"$gt":1}',
    'minPrice=free',
    'minPrice=1.001',
    'search=',
    'search=a&search=b',
    'search=%00',
  ])('refuse ?%s', async (query) => {
    expect((await guest().send('GET', `/products?${query}`)).outcome).toEqual(NO);
  });

  it.each(["1' OR '1'='1", '1 OR 1=1', '%00', 'x'.repeat(300), '..%2f..%2fetc', '0', 'null'])(
    'refuse the id %s',
    async (id) => {
      const path = id.includes('%') ? id : encodeURIComponent(id);
      for (const root of ['/products', '/basket'])
        expect((await guest().send('GET', `${root}/${path}`)).outcome).toEqual(NO);
      for (const root of ['/orders', '/payments'])
        expect((await user.send('GET', `${root}/${path}`)).outcome).toEqual(NO);
    },
  );

  it('search for what looks like SQL or a pattern as for any text', async () => {
    for (const text of ["'; DROP TABLE catalog.product; --", '100%', '_', '\\', '(((', ':*'])
      expect((await guest().send('GET', `/products?search=${encodeURIComponent(text)}`)).status).toBe(200);
  });
});

describe('quantities', () => {
  it.each([0, -1, 1.5, '2', null, true, [1], 1e21, 2 ** 31, 2 ** 53 + 1])('%p is none', async (quantity) => {
    const line = { productId: product.id, quantity };
    expect((await post(`/basket/${basket.id}/items`, line)).outcome).toEqual(NO);
    expect((await order({ items: [line] })).outcome).toEqual(NO);
    expect((await order({ items: [{ title: 'A thing', price: 1, quantity }] })).outcome).toEqual(NO);
    const restocked = await admin.send('POST', `/products/${product.id}/restock`, { body: { quantity } });
    expect(restocked.outcome).toEqual(NO);
  });
});

describe('an order', () => {
  it.each<[string, () => object]>([
    ['with a total', () => ({ items: [item()], total: 0.01 })],
    ['with a status', () => ({ items: [item()], status: 'COMPLETED' })],
    ['with a discount', () => ({ items: [item({ discount: 1 })] })],
    ['with a currency', () => ({ items: [item()], currency: 'XTS' })],
    ['for somebody else', () => ({ items: [item()], userId: randomUUID() })],
    ['without lines', () => ({ items: [] })],
    ['of 10,000 lines', () => ({ items: times(10_000, () => item()) })],
    ['with a line of both kinds', () => ({ items: [item({ title: 'A thing', price: 1 })] })],
    ['with a price below 0', () => ({ items: [{ title: 'A thing', price: -1, quantity: 1 }] })],
    ['that costs nothing', () => ({ items: [{ title: 'A thing', price: 0, quantity: 1 }] })],
    ['with a blank title', () => ({ items: [{ title: ' ', price: 1, quantity: 1 }] })],
    ['by an unknown payment method', () => ({ items: [item()], paymentMethod: 'CASH' })],
    ['of two kinds at once', () => ({ items: [item()], description: 'A table' })],
    ['with notes of 10 kB', () => ({ items: [item()], notes: 'x'.repeat(10_000) })],
    ['with half a character', () => ({ items: [item()], notes: '\ud800' })],
  ])('%s is refused', async (_, body) => {
    expect((await order(body())).outcome).toEqual(NO);
  });

  it('of a product that is archived or unknown is refused', async () => {
    const gone = await givenProduct(admin);
    await admin.ask('DELETE', `/products/${gone.id}`);
    for (const productId of [gone.id, randomUUID()])
      expect((await order({ items: [item(), { productId, quantity: 1 }] })).outcome).toEqual([
        404,
        'NOT_FOUND',
      ]);
    expect((await user.ask<Product>('GET', `/products/${product.id}`)).stock).toBe(product.stock);
  });

  it('of an empty basket is refused', async () => {
    const { id } = await user.ask<Basket>('POST', '/basket');
    expect((await order({ basketId: id })).outcome).toEqual([409, 'BASKET_EMPTY']);
  });

  it('cannot be made another one', async () => {
    const before = (await givenOrder(user, product)).order;
    for (const body of [
      { status: 'PROCESSING' },
      { total: 0.01 },
      { userId: randomUUID() },
      { paymentStatus: 'PAID' },
    ])
      expect((await user.send('PATCH', `/orders/${before.id}`, { body })).outcome).toEqual(NO);
    expect(await user.ask<Order>('GET', `/orders/${before.id}`)).toEqual(before);
  });

  it('keeps text as it was typed', async () => {
    const notes = '<script>alert(1)</script> \u202e "quoted" \\ ’ 日本 👩‍👩‍👧';
    const placed = (await order({ items: [item()], notes })).data<{ order: Order }>();
    expect((await user.ask<Order>('GET', `/orders/${placed.order.id}`)).notes).toBe(notes);
  });
});

describe('bodies that are no good JSON', () => {
  const BOM = '\ufeff';
  it.each<[string, string, Record<string, string>, (string | number)[]]>([
    ['truncated', '{"email":', {}, NO],
    ['a key twice', '{"email":"a@example.com","email":"b@example.com","password":"x"}', {}, NO],
    ['5,000 deep', '['.repeat(5000) + ']'.repeat(5000), {}, NO],
    ['a byte order mark', `${BOM}{}`, {}, NO],
    ['a list', '[]', {}, NO],
    ['1 MB and more', `{"email":"${'x'.repeat(1_048_576)}"}`, {}, [413, 'PAYLOAD_TOO_LARGE']],
    ['plain text', '{}', { 'content-type': 'text/plain' }, [415, 'UNSUPPORTED_MEDIA_TYPE']],
    [
      'a form',
      'email=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      [415, 'UNSUPPORTED_MEDIA_TYPE'],
    ],
    [
      'another charset',
      '{}',
      { 'content-type': 'application/json; charset=utf-16' },
      [415, 'UNSUPPORTED_MEDIA_TYPE'],
    ],
  ])('%s', async (_, raw, headers, expected) => {
    expect((await guest().send('POST', '/auth/login', { raw, headers })).outcome).toEqual(expected);
  });
});
