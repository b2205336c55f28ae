import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import { refusalOf } from './logins.ts';
import { placeOf, SERVERS } from './servers.ts';

const { AMQP_URL = '', DATABASE_URL = '' } = process.env;
afterEach(() => void Object.assign(process.env, { AMQP_URL, DATABASE_URL }));

function change(url: string, parts: Partial<URL>): string {
  return Object.assign(new URL(url), parts).href;
}

it('is let in with the right login, and where the database is still to be made', async () => {
  process.env['DATABASE_URL'] = change(SERVERS.postgres.url, { pathname: `/${randomUUID()}` });
  expect([await refusalOf('postgres'), await refusalOf('rabbitmq')]).toEqual([undefined, undefined]);
});

it('hears why it is refused, without the password', async () => {
  const password = randomUUID();
  const { postgres, rabbitmq } = SERVERS;
  process.env['DATABASE_URL'] = change(postgres.url, { username: 'nobody', password });
  process.env['AMQP_URL'] = change(rabbitmq.url, { password });
  const why = [(await refusalOf('postgres'))?.why, (await refusalOf('rabbitmq'))?.why];
  expect(why).toEqual([expect.stringContaining('"nobody"'), expect.stringContaining('ACCESS_REFUSED')]);
  expect(why.join()).not.toContain(password);
});

it('hears of a virtual host that is not there', async () => {
  process.env['AMQP_URL'] = change(SERVERS.rabbitmq.url, { pathname: `/${randomUUID()}` });
  expect((await refusalOf('rabbitmq'))?.why).toMatch('no such virtual host');
});

it('hears in one line that a server does not speak TLS', async () => {
  const { host, port } = placeOf(SERVERS.rabbitmq.url);
  process.env['AMQP_URL'] = `amqps://${host}:${port}`;
  expect((await refusalOf('rabbitmq'))?.why).toBe('it does not speak TLS at this port');
});
