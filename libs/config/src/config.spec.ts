import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  addressBlock,
  databaseBlock,
  duration,
  gatewayUrl,
  list,
  messagingBlock,
  publicUrl,
  redisBlock,
  redisUrl,
  secret,
  shopBlock,
} from './blocks.js';
import { ConfigError, readConfig } from './config.js';

const problemsOf = (read: () => unknown): readonly string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('readConfig', () => {
  it('takes the defaults of docker-compose for what is missing or empty', () => {
    expect(readConfig(databaseBlock, { DATABASE_URL: '' })).toEqual({
      DATABASE_URL: 'postgresql://postgres:postgres@localhost:5432/order_system',
      DATABASE_POOL: 5,
    });
  });

  it('names every wrong variable at once', () => {
    const env = { DATABASE_URL: 'mysql://x', DATABASE_POOL: 'many', CURRENCY: 'DOLLAR' };
    const problems = problemsOf(() => readConfig(databaseBlock.extend(shopBlock.shape), env));
    expect(problems).toHaveLength(3);
    expect(problems.join()).toMatch(/DATABASE_URL.*DATABASE_POOL.*CURRENCY/);
  });

  it('does not call a list missing of which a part is wrong', () => {
    const env = { RETRY_LADDER: '5s, soon' };
    expect(problemsOf(() => readConfig(messagingBlock, env))).toEqual([
      expect.stringMatching(/^RETRY_LADDER must be a time such as/),
    ]);
  });

  it.each([
    [databaseBlock, { DATABASE_POOL: '0' }, 'DATABASE_POOL must be a whole number, at least 1'],
    [databaseBlock, { DATABASE_POOL: '101' }, 'DATABASE_POOL must be at most 100'],
    [redisBlock, { REDIS_DB: 'cache' }, 'REDIS_DB must be a whole number, at least 0'],
    [addressBlock, { PORT: '70000' }, 'PORT must be a port number, at most 65535'],
  ])('says which numbers there may be, as in %#', (block: z.ZodObject, env, problem) => {
    expect(problemsOf(() => readConfig(block, env))).toEqual([problem]);
  });

  it('never says what the wrong value was', () => {
    const env = { NODE_ENV: 'production', KEY: 'hunter2' };
    expect(problemsOf(() => readConfig(z.object({ KEY: secret('KEY') }), env)).join()).not.toContain(
      'hunter2',
    );
  });
});

describe('duration', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['30d', 2_592_000_000],
    ['900', 900_000],
  ])('reads %s', (text, ms) => expect(duration.parse(text)).toBe(ms));

  it.each(['', 'soon', '-1s', '1w'])('refuses "%s"', (text) =>
    expect(duration.safeParse(text).success).toBe(false),
  );

  it('takes a default in words', () => {
    expect(readConfig(z.object({ WAIT: duration.prefault('2m') }), {})).toEqual({ WAIT: 120_000 });
  });
});

describe('secret', () => {
  const schema = z.object({ JWT_SECRET: secret('JWT_SECRET') });
  const good = 'hZ0v3mX8Qy5tK1wB7nR4cJ9pL2fD6gS8aU';

  it.each([
    ['missing', undefined],
    ['short', 'abc'],
    ['well known', 'change-me-change-me-change-me-change-me'],
    ['one letter', 'a'.repeat(40)],
  ])('stops a production start when it is %s', (_, value) => {
    expect(problemsOf(() => readConfig(schema, { NODE_ENV: 'production', JWT_SECRET: value }))).toEqual([
      expect.stringContaining('JWT_SECRET'),
    ]);
  });

  it('points to npm start when it is missing in development', () => {
    expect(problemsOf(() => readConfig(schema, {})).join()).toContain('npm start');
  });

  it('accepts a random one in production and a short one in development', () => {
    expect(readConfig(schema, { NODE_ENV: 'production', JWT_SECRET: good }).JWT_SECRET).toBe(good);
    expect(readConfig(schema, { JWT_SECRET: 'dev' }).JWT_SECRET).toBe('dev');
  });
});

it('makes the Redis URL of its parts', () => {
  const config = readConfig(redisBlock, { REDIS_HOST: 'cache', REDIS_PASSWORD: 'p@ss', REDIS_DB: '2' });
  expect(redisUrl(config)).toBe('redis://:p%40ss@cache:6379/2');
});

it('makes the public address of the port', () => {
  expect(publicUrl(readConfig(addressBlock, { PORT: '8080' }))).toBe('http://localhost:8080');
  expect(publicUrl(readConfig(addressBlock, { PUBLIC_URL: 'https://shop.test/' }))).toBe('https://shop.test');
});

it('is reached by our own services at the same address, or where the gateway listens and not by a name', () => {
  expect(gatewayUrl(readConfig(addressBlock, { PORT: '8080' }))).toBe('http://127.0.0.1:8080');
  const given = { PUBLIC_URL: 'https://shop.test', GATEWAY_URL: '' };
  expect(gatewayUrl(readConfig(addressBlock, given))).toBe('https://shop.test');
  expect(gatewayUrl(readConfig(addressBlock, { ...given, GATEWAY_URL: 'http://door:1' }))).toBe(
    'http://door:1',
  );
});

it('splits lists', () => expect(list.parse('a, b,,c ')).toEqual(['a', 'b', 'c']));
