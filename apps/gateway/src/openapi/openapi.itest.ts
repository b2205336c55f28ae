import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Door, startGateway } from '../gateway.fixture.js';
import { type Described, type Document, misfit, type Schema } from './document.fixture.js';

let door: Door;
let document: Document;
beforeAll(async () => {
  door = await startGateway();
  document = (await door.send({ url: '/api/openapi.json' })).json();
});
afterAll(() => door.close());

const operations = (): [string, Described][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): [string, Described] => [
      `${method} ${path}`,
      described,
    ]),
  );

it('is OpenAPI 3.1 with bearer tokens', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.components.securitySchemes).toEqual({
    bearer: expect.objectContaining({ scheme: 'bearer' }),
  });
});

it('has every route that is served, and no other', () => {
  const served = door.routes
    .all()
    .filter(({ method, path }) => method !== 'HEAD' && method !== 'OPTIONS' && !/docs|openapi|\*/.test(path))
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
  expect(
    operations()
      .map(([name]) => name)
      .sort(),
  ).toEqual(served.sort());
});

it('has the errors of every route as problems', () => {
  for (const [name, { responses, security }] of operations()) {
    const failures = Object.entries(responses).filter(([status]) => Number(status) >= 400);
    for (const [, { content }] of failures)
      expect(content?.['application/problem+json']?.schema.$ref).toBe('#/components/schemas/Problem');
    const statuses = failures.map(([status]) => status);
    expect([name, statuses]).toEqual([name, expect.arrayContaining(['400', '500', '503'])]);
    if (security.some((way) => 'bearer' in way))
      expect([name, statuses]).toEqual([name, expect.arrayContaining(['401'])]);
  }
});

it.each([
  ['patch /api/users/profile', ['EMAIL_TAKEN', 'STALE_WRITE']],
  ['post /api/basket/{id}/items', ['OUT_OF_STOCK', 'STALE_WRITE']],
  ['post /api/orders/{id}/payments', ['ALREADY_PAID', 'NOT_PAYABLE', 'STALE_WRITE']],
  ['post /api/chat/{orderId}/messages', ['ROOM_CLOSED', 'STALE_WRITE']],
  ['patch /api/chat/{orderId}/close', ['ROOM_CLOSED', 'ILLEGAL_TRANSITION', 'ORDER_CHANGED', 'STALE_WRITE']],
  [
    'post /api/chat/{orderId}/close',
    ['ROOM_CLOSED', 'ILLEGAL_TRANSITION', 'ORDER_CHANGED', 'STALE_WRITE', 'IDEMPOTENCY_IN_PROGRESS'],
  ],
  [
    'post /api/orders',
    ['OUT_OF_STOCK', 'PRICE_CHANGED', 'BASKET_EMPTY', 'STALE_WRITE', 'IDEMPOTENCY_IN_PROGRESS'],
  ],
])('has the conflicts of %s, also those that pass', (name, codes) => {
  expect(Object.fromEntries(operations())[name]!.responses['409']?.description).toBe(codes.join(', '));
});

it('says where an Idempotency-Key counts: in every POST of somebody that could do harm twice', () => {
  const takes = ({ parameters }: Described) => parameters.some(({ name }) => name === 'Idempotency-Key');
  const refuses = ({ responses }: Described) =>
    JSON.stringify(responses['422'] ?? {}).includes('IDEMPOTENCY_KEY_REUSED');
  for (const [name, operation] of operations())
    expect([name, refuses(operation)]).toEqual([name, takes(operation)]);
  const without = operations().filter(([name, operation]) => name.startsWith('post') && !takes(operation));
  expect(
    without.map(([name]) => name).filter((name) => !/login|logout|refresh|webhook|sandbox/.test(name)),
  ).toEqual([]);
});

it('has an example of every body and every answer', () => {
  for (const [name, { responses, requestBody }] of operations()) {
    for (const { example } of Object.values(requestBody?.content ?? {}))
      expect([name, example]).toEqual([name, expect.anything()]);
    const json = Object.values(responses).flatMap(({ content }) => content?.['application/json'] ?? []);
    for (const { example } of json) expect([name, example]).toEqual([name, expect.anything()]);
  }
});

it('has examples that fit what they are examples of', () => {
  for (const [name, { responses, requestBody }] of operations()) {
    const answers = Object.values(responses).flatMap(({ content }) => Object.entries(content ?? {}));
    const json = answers.filter(([type]) => type === 'application/json').map(([, described]) => described);
    for (const { schema, example } of [...Object.values(requestBody?.content ?? {}), ...json])
      expect([name, misfit(document, schema, example)]).toEqual([name, undefined]);
  }
});

it("has the fields of every body but of those that are somebody else's", () => {
  const without = operations().filter(([, { requestBody }]) =>
    Object.values(requestBody?.content ?? {}).some(({ schema }) => schema.properties === undefined),
  );
  expect(without.filter(([name]) => !name.includes('/webhook/')).map(([name]) => name)).toEqual([]);
});

it('says that a body is needed where a request without one is refused', () => {
  const needed = Object.fromEntries(
    operations().map(([name, { requestBody }]) => [name, requestBody?.required]),
  );
  expect(needed).toMatchObject({
    'post /api/orders': true,
    'patch /api/orders/{id}': true,
    'post /api/orders/{id}/payments': true,
    'post /api/payments/sandbox/{id}': true,
    'post /api/payments/webhook/stripe': true,
    'post /api/orders/{id}/cancel': false,
    'post /api/payments/{id}/refund': false,
    'patch /api/products/{id}': false,
    'post /api/auth/refresh': false,
  });
});

it('has what pages say beside how many there are', () => {
  const metaOf = (name: string): Schema =>
    Object.fromEntries(operations())[name]!.responses['200']!.content!['application/json']!.schema
      .properties!['meta']!;
  for (const [name, fact] of [
    ['get /api/events', 'nextCursor'],
    ['get /api/notifications', 'unread'],
    ['get /api/chat/{orderId}/messages', 'lastSeq'],
  ] as const)
    expect(Object.keys(metaOf(name).properties ?? {})).toEqual([
      'total',
      'page',
      'limit',
      'totalPages',
      fact,
    ]);
  expect(metaOf('get /api/products')).toEqual({ $ref: '#/components/schemas/Meta' });
});

it('has both answers of the page of the sandbox, and what the sandbox takes without it', () => {
  const paying = Object.fromEntries(operations())['post /api/payments/sandbox/{id}']!;
  expect(Object.keys(paying.responses['200']!.content!)).toEqual(['application/json', 'text/html']);
  expect(Object.keys(paying.requestBody!.content['application/json']!.schema.properties!)).toEqual([
    'outcome',
  ]);
  const placing = Object.fromEntries(operations())['post /api/orders']!;
  expect(JSON.stringify(placing.requestBody)).toMatch(/pm_sandbox_ok.*pm_sandbox_declined/);
});

it('refers only to what it has, and names each operation once', () => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
  const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect(known).toEqual(expect.arrayContaining([...new Set(refs)]));
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it.each([
  ['get /api/products', 'inStock'],
  ['get /api/notifications', 'unread'],
  ['get /api/chat/rooms', 'open'],
])('shows in %s that %s is a yes or a no', (name, flag) => {
  const { parameters } = Object.fromEntries(operations())[name]!;
  expect(parameters.find((parameter) => parameter.name === flag)?.schema).toEqual({ type: 'boolean' });
});

it.each(['/api/orders', '/api/orders/stats', '/api/events', '/api/events/stats'])(
  'says in get %s where a span ends',
  (path) => {
    const { parameters } = Object.fromEntries(operations())[`get ${path}`]!;
    const to = parameters.find(({ name }) => name === 'to')?.schema;
    expect(to).toMatchObject({ format: 'date-time', description: expect.stringContaining('no part of it') });
  },
);

it('shows numbers of a query as numbers', () => {
  const { parameters } = Object.fromEntries(operations())['get /api/chat/{orderId}/messages']!;
  const shown = parameters.map(({ name, schema }) => [name, schema]);
  expect(shown).toContainEqual(['before', { type: 'integer', minimum: 0, maximum: 2_147_483_647 }]);
});

it('writes money as decimal numbers', () => {
  const product = document.components.schemas['Product'] as { properties: Record<string, object> };
  expect(product.properties['price']).toMatchObject({ type: 'number', examples: [19.99] });
});

describe('the interactive page', () => {
  it.each(['/api/docs', '/api-docs', '/api/docs/'])('is at %s', async (url) => {
    const answer = await door.send({ url, headers: { accept: 'text/html' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.body).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it.each(['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-init.js'])(
    'brings its own %s',
    async (file) => {
      expect((await door.send({ url: `/api/docs/${file}` })).statusCode).toBe(200);
    },
  );
});
