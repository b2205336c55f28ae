import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { type Client, givenAdmin, givenUser } from './client.js';
import {
  asAdmin,
  closeWires,
  connect,
  connectWith,
  givenRoom,
  reissue,
  type Wire,
  WRONG_TOKEN,
} from './sockets.js';

const REVOKED_WITHIN_MS = 5_000;

let admin: Client;
let ada: Client;
let token: string;
beforeAll(async () => {
  [admin, ada] = await Promise.all([givenAdmin(), givenUser()]);
  token = ada.session?.token ?? '';
});
afterEach(closeWires);

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const isCut = (wire: Wire) =>
  eventually(() => expect(wire.ended).toBe('io server disconnect'), REVOKED_WITHIN_MS);

describe('a connection without a good token is refused', () => {
  it.each<[string, () => object]>([
    ['none', () => ({})],
    ['an empty one', () => ({ auth: { token: '' } })],
    ['one that is no text', () => ({ auth: { token: { $ne: null } } })],
    ['one that is no token', () => ({ auth: { token: 'x'.repeat(300) } })],
    ['a forged one', () => ({ auth: { token: `${token.slice(0, -4)}AAAA` } })],
    ['an unsigned one', () => ({ auth: { token: token.replace(/[^.]+$/, '') } })],
    ['an expired one', () => ({ auth: { token: reissue(token, { exp: inSeconds(-60) }) } })],
    ["somebody else's session", () => ({ auth: { token: reissue(token, { sub: admin.userId }) } })],
    ['a refresh token', () => ({ auth: { token: ada.session?.refreshToken } })],
    ['a good one in the address', () => ({ query: { token } })],
    ['a good one in a header', () => ({ extraHeaders: { authorization: `Bearer ${token}` } })],
  ])('%s', async (_, options) => {
    for (const transports of [['websocket'], ['polling']])
      await expect(connectWith(ada, { ...options(), transports })).rejects.toThrow(WRONG_TOKEN);
  });

  it('also of a session that has ended', async () => {
    const user = await givenUser();
    await user.send('POST', '/auth/logout');
    await expect(connect(user)).rejects.toThrow(WRONG_TOKEN);
  });

  it('and a role is not taken from the token', async () => {
    const wire = await connect(ada, { auth: { token: reissue(token, { role: 'admin' }) } });
    expect(await wire.send('watchEvents', {})).toMatchObject({ ok: false, code: 'FORBIDDEN' });
    const { id } = await givenRoom(await givenUser());
    expect(await wire.send('joinOrder', { orderId: id })).toMatchObject({ ok: false, code: 'NOT_FOUND' });
  });
});

describe('a page', () => {
  const from = (origin: string, transport: string) =>
    connect(ada, { extraHeaders: { origin }, transports: [transport] });

  it.each([
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'http://localhost:3000@evil.example',
  ])('at %s is refused, whoever uses it', async (origin) => {
    await expect(from(origin, 'websocket')).rejects.toThrow('websocket error');
    await expect(from(origin, 'polling')).rejects.toThrow('xhr poll error');
  });

  it('of our own is let in', async () => {
    for (const transport of ['websocket', 'polling'])
      expect((await from(ada.url, transport)).socket.connected).toBe(true);
  });
});

describe('a connection ends with what it was let in for:', () => {
  it('at the end of its session, and of no other one', async () => {
    const user = await givenUser();
    const other = await user.logIn(user.session?.user.email ?? '');
    const [gone, here] = await Promise.all([connect(user), connect(other)]);
    await user.send('POST', '/auth/logout');
    await isCut(gone);
    expect(await here.send('leaveOrder', { orderId: user.userId })).toEqual({ ok: true });
    expect(here.ended).toBeUndefined();
  });

  it('when a refresh token comes back that was used long ago', async () => {
    const user = await givenUser();
    const wire = await connect(user);
    const refresh = () =>
      user.send('POST', '/auth/refresh', {
        body: user.session && { refreshToken: user.session.refreshToken },
      });
    expect((await refresh()).status).toBe(200);
    await eventually(async () => expect((await refresh()).status).toBe(401), 20_000);
    await isCut(wire);
  });

  it('when an admin is one no more', async () => {
    const user = await givenUser();
    const wire = await asAdmin(admin, user, async (eve) => {
      const watching = await connect(eve);
      await watching.ask('watchEvents', {});
      return watching;
    });
    await isCut(wire);
    const seen = wire.pushes.length;
    await givenRoom(ada);
    expect(wire.pushes).toHaveLength(seen);
  });

  it('when the account is erased', async () => {
    const [own, others] = await Promise.all([givenUser(), givenUser()]);
    const wires = await Promise.all([connect(own), connect(others)]);
    await own.send('DELETE', '/users/profile');
    await admin.send('DELETE', `/users/${others.userId}`);
    await Promise.all(wires.map(isCut));
  });

  it('when its token expires', async () => {
    const wire = await connect(ada, { auth: { token: reissue(token, { exp: inSeconds(2) }) } });
    expect(await wire.send('leaveOrder', { orderId: ada.userId })).toEqual({ ok: true });
    await isCut(wire);
  });
});
