import { describe, expect, it } from '@jest/globals';
import { pageOf } from './answer.js';
import { allowedOrigins, isAllowedOrigin } from './cors.js';
import { network } from './limit.guard.js';
import { currentUrl } from './old-paths.js';
import { correlationIdOf, idempotencyKeyOf } from './request-context.js';
import { faultOfJson } from './strict-json.js';

describe('old paths', () => {
  it.each([
    ['/orders?page=2', '/api/orders?page=2'],
    ['/api/orders', '/api/orders'],
    ['/api', '/api'],
    ['/apiary', '/api/apiary'],
    ['/api-docs', '/api/docs'],
    ['http://evil.test/orders', 'http://evil.test/orders'],
  ])('%s is %s', (url, current) => expect(currentUrl({ url, headers: {} })).toBe(current));

  it('are pages for browsers', () => {
    const headers = { accept: 'text/html,application/xhtml+xml' };
    expect(currentUrl({ url: '/orders', headers })).toBe('/orders');
    expect(currentUrl({ url: '/api/payments/sandbox/1', headers })).toBe('/api/payments/sandbox/1');
  });
});

describe('JSON', () => {
  it.each([
    '{"a":{"b":1},"b":1}',
    '[{"a":1},{"a":1}]',
    '{"a":"a\\"b","b":["a","a"]}',
    '{"text":"\\\\u0000"}',
    '{}',
    '12',
  ])('%s passes', (text) => expect(faultOfJson(text)).toBeUndefined());

  it.each([
    '{"a":1,"a":2}',
    '{"x":{"a":1,"b":2,"a":3}}',
    '{"a":1,"\\u0061":2}',
    '{"a":"\\u0000"}',
    '\ufeff{}',
  ])('%j does not', (text) => expect(faultOfJson(text)).toBeDefined());

  it('may nest 64 deep', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(faultOfJson(nested(64))).toBeUndefined();
    expect(faultOfJson(nested(65))).toBeDefined();
  });
});

describe('a request goes by', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;

  it('the id that its client gave it', () =>
    expect(correlationIdOf({ headers: { 'x-correlation-id': 'checkout-42', traceparent } })).toBe(
      'checkout-42',
    ));

  it.each([traceparent, `cc-${TRACE}-00f067aa0ba902b7-01-what-comes-later`])(
    'the trace that it is a part of: %s',
    (header) => expect(correlationIdOf({ headers: { traceparent: header } })).toBe(TRACE),
  );

  it.each([
    undefined,
    '',
    TRACE,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-00f067aa0ba902b7-011`,
  ])('a new id when there is no trace, or none that is well formed: %s', (header) =>
    expect(correlationIdOf({ headers: header === undefined ? {} : { traceparent: header } })).toMatch(
      /^[0-9a-f]{8}-[0-9a-f-]{27}$/,
    ),
  );
});

it('an idempotency key has 1 to 255 printable characters', () => {
  expect(idempotencyKeyOf(undefined)).toBeUndefined();
  for (const key of ['a', 'order 1', 'x'.repeat(255)]) expect(idempotencyKeyOf(key)).toBe(key);
  for (const key of ['', ' ', 'x'.repeat(256), 'a\nb', 'é']) expect(() => idempotencyKeyOf(key)).toThrow();
});

it('pages count up to the last one', () => {
  const meta = (total: number) => pageOf({ items: [], total }, { page: 1, limit: 20 }).meta.totalPages;
  expect([meta(0), meta(20), meta(21)]).toEqual([0, 1, 2]);
});

it('pages say last what else is known of the whole list', () => {
  const { meta } = pageOf({ items: [], total: 3, unread: 2 }, { page: 1, limit: 20 });
  expect(Object.entries(meta).join(' ')).toBe('total,3 page,1 limit,20 totalPages,1 unread,2');
});

it('a limit is per IPv4 address and per IPv6 network', () => {
  expect(network('203.0.113.7')).toBe('203.0.113.7');
  expect(network('::ffff:203.0.113.7')).toBe('203.0.113.7');
  expect(network('2001:db8:1:2:3:4:5:6')).toBe(network('2001:db8:1:2::9'));
  expect(network('2001:db8::1')).not.toBe(network('2001:db8:0:1::1'));
});

it.each([
  ['203.0.113.7', '203.0.113.7:49152'],
  ['203.0.113.7', '::FFFF:203.0.113.7'],
  ['203.0.113.7', '[::ffff:cb00:7107]:443'],
  ['2001:db8:1:2::9', '[2001:db8:1:2::9]:49152'],
  ['2001:db8:1:2::9', '2001:0DB8:0001:2::'],
])('a limit is the same for %s however a proxy writes it: %s', (address, written) => {
  expect(network(written)).toBe(network(address));
});

it('what is no address is nobody else', () => {
  expect(network('unknown')).not.toBe(network('203.0.113.7'));
});

it('pages of this machine are trusted in development only, and only while no others are listed', () => {
  const local = 'http://localhost:5173';
  expect(isAllowedOrigin(local, allowedOrigins({}, false))).toBe(true);
  expect(isAllowedOrigin(local, allowedOrigins({}, true))).toBe(false);
  expect(isAllowedOrigin(local, allowedOrigins({ CORS_ORIGIN: ['https://shop.test'] }, false))).toBe(false);
});
