import { lookup } from 'node:dns/promises';
import { afterEach, expect, it, jest } from '@jest/globals';
import { Passwords } from './passwords.js';

const passwords = new Passwords({ PASSWORD_COST: 8 });
const hashAll = (count: number) => Array.from({ length: count }, () => passwords.hash('Secret123'));

afterEach(() => void jest.restoreAllMocks());

it('a crowd that signs in leaves a thread to who looks up a host, as each new connection to the database does', async () => {
  let done = 0;
  const crowd = hashAll(40).map((one) => one.then(() => (done += 1)));
  await Promise.race(crowd);
  await lookup('localhost');
  expect(done).toBeLessThan(20);
  await Promise.all(crowd);
  expect(done).toBe(40);
});

it.each([
  ['as one', 'as two', 'NFC', 'NFD'],
  ['as two', 'as one', 'NFD', 'NFC'],
])(
  'a password whose accents were typed %s sign is known when they come %s',
  async (_first, _then, set, given) => {
    const hash = await passwords.hash('Überraschung1é'.normalize(set));
    expect(await passwords.matches('Überraschung1é'.normalize(given), hash)).toBe(true);
    expect(await passwords.matches('Uberraschung1e', hash)).toBe(false);
  },
);

it('a password is not worked at once nobody waits for it any more', async () => {
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
  const crowd = hashAll(6);
  clock.mockReturnValue(now + 6000);
  const refused = (await Promise.allSettled(crowd)).filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(3);
  expect(refused[0]).toMatchObject({ reason: { code: 'SERVICE_UNAVAILABLE' } });
  expect(await passwords.matches('Secret123', await passwords.hash('Secret123'))).toBe(true);
});

it('of a crowd that is too large the last ones are sent away at once, so that others are still heard', async () => {
  const crowd = hashAll(100);
  const refused = await Promise.race([Promise.allSettled(crowd.slice(43)), crowd[0]]);
  expect(refused).toHaveLength(57);
  expect(refused).toMatchObject(Array.from({ length: 57 }, () => ({ status: 'rejected' })));
  expect(await Promise.allSettled(crowd.slice(0, 43))).not.toContainEqual(
    expect.objectContaining({ status: 'rejected' }),
  );
});
