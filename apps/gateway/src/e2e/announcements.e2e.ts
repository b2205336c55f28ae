import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Client, givenAdmin, givenUser, guest } from './client.js';
import { closeWires, connect } from './sockets.js';

let admin: Client;
let user: Client;
beforeAll(async () => {
  [admin, user] = [await givenAdmin(), await givenUser()];
});
afterEach(closeWires);

const announce = (client: Client, message: unknown, key?: string) =>
  client.send('POST', '/announcements', { body: { message }, ...(key === undefined ? {} : { key }) });

it('reaches everyone who is connected, once', async () => {
  const [customer, staff, other] = await Promise.all([
    connect(user),
    connect(admin),
    connect(await givenUser()),
  ]);
  const message = `We are closed on Monday <b>${randomUUID()}</b>`;
  const answer = await announce(admin, message);
  expect(answer.status).toBe(201);
  const { at } = answer.data<{ at: string }>();
  for (const wire of [customer, staff, other]) {
    await wire.saw('announcement', { message, at });
    const seen = wire.pushes.filter(
      ({ name, payload }) => name === 'announcement' && payload['message'] === message,
    );
    expect(seen.map(({ payload }) => payload)).toEqual([{ message, at }]);
  }
});

it('is kept as an event of the admin who made it', async () => {
  const message = `Stocktaking ${randomUUID()}`;
  const correlationId = randomUUID();
  const headers = { 'x-correlation-id': correlationId };
  const { at } = (await admin.send('POST', '/announcements', { body: { message }, headers })).data<{
    at: string;
  }>();
  expect(await admin.ask('GET', `/events?correlationId=${correlationId}`)).toEqual([
    expect.objectContaining({
      type: 'announcement.made',
      data: { message, at },
      actor: expect.objectContaining({ id: admin.userId, role: 'admin' }),
    }),
  ]);
});

it('is made once under one key', async () => {
  const [message, key] = [`Sale ${randomUUID()}`, randomUUID()];
  const wire = await connect(user);
  const answers = [await announce(admin, message, key), await announce(admin, message, key)];
  expect(answers[1]?.text).toBe(answers[0]?.text);
  expect((await announce(admin, 'Another', key)).outcome).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  await announce(admin, 'The last one');
  await wire.saw('announcement', { message: 'The last one' });
  expect(wire.pushes.filter(({ payload }) => payload['message'] === message)).toHaveLength(1);
});

it('is for admins to make', async () => {
  const wire = await connect(user);
  const message = `Not mine to say ${randomUUID()}`;
  expect((await announce(guest(), message)).outcome).toEqual([401, 'UNAUTHENTICATED']);
  expect((await announce(user, message)).outcome).toEqual([403, 'FORBIDDEN']);
  await announce(admin, 'Mine to say');
  await wire.saw('announcement', { message: 'Mine to say' });
  expect(wire.pushes.filter(({ payload }) => payload['message'] === message)).toEqual([]);
});

it.each(['', '   ', 'x'.repeat(1001), 5, null])('says something: not %p', async (message) => {
  expect((await announce(admin, message)).outcome).toEqual([400, 'VALIDATION_FAILED']);
});
