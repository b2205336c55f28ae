import { describe, expect, it } from '@jest/globals';
import { Problem } from './console.ts';
import { placeOf, SERVERS, urlOf } from './servers.ts';

const { postgres, rabbitmq, redis } = SERVERS;

describe('where the servers are', () => {
  it('is what docker-compose.yml starts, when nothing is set', () => {
    expect([postgres, rabbitmq, redis].map((kind) => urlOf(kind, {}))).toEqual([
      'postgresql://postgres:postgres@localhost:5432/order_system',
      'amqp://guest:guest@localhost:5672',
      'redis://localhost:6379',
    ]);
  });

  it('of Redis may be told in parts, unless there is a URL', () => {
    const parts = { REDIS_HOST: 'cache', REDIS_PORT: '6380', REDIS_PASSWORD: 'p@ss/w', REDIS_DB: '2' };
    const { hostname, port, password, pathname } = new URL(urlOf(redis, parts));
    expect([hostname, port, decodeURIComponent(password), pathname]).toEqual([
      'cache',
      '6380',
      'p@ss/w',
      '/2',
    ]);
    expect(urlOf(redis, { ...parts, REDIS_URL: 'redis://other:1' })).toBe('redis://other:1');
  });

  it.each([
    [SERVERS.postgres.example, { host: 'localhost', port: 5432 }],
    ['rediss://cache:6380/2', { host: 'cache', port: 6380 }],
    ['amqps://[::1]', { host: '::1', port: 5671 }],
  ])('is looked for at the place that %s names', (url, place) => expect(placeOf(url)).toEqual(place));

  it.each([
    [postgres, 'no-url:secret'],
    [postgres, 'secret'],
    [postgres, 'postgresql://postgres:secret@localhost:5432'],
    [rabbitmq, 'http://guest:secret@localhost'],
    [redis, 'localhost:6379/secret'],
  ])('is refused with the remedy, and without the password, when it is no address', (kind, url) => {
    const read = () => urlOf(kind, { [kind.variable]: url });
    expect(read).toThrow(Problem);
    expect(read).toThrow(
      `${kind.variable} is no address of ${kind.name}. Remedy: write it like ${kind.example}`,
    );
    expect(read).not.toThrow(/secret/);
  });
});
