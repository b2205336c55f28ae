import { describe, expect, it } from '@jest/globals';
import { GUEST, SYSTEM } from '@order-system/contracts/primitives';
import {
  type Account,
  assertMayDelete,
  assertMayRead,
  assertNotLastAdmin,
  assertOrdinaryRole,
  changeProfile,
  needsPassword,
  toUser,
} from './user.rules.js';

const ada: Account = {
  id: '0199aaaa-0000-7000-8000-000000000001',
  email: 'ada@example.com',
  passwordHash: 'hash',
  role: 'user',
  name: 'Ada',
  phone: null,
  version: 3,
  createdAt: new Date(0),
};
const other = { id: '0199aaaa-0000-7000-8000-000000000002', role: 'user' as const };
const admin = { id: '0199aaaa-0000-7000-8000-000000000003', role: 'admin' as const };
const self = { id: ada.id, role: 'user' as const };

it('makes nobody an admin by registration', () => {
  expect(() => assertOrdinaryRole('admin')).toThrow('ROLE_NOT_ALLOWED');
  expect(() => assertOrdinaryRole('root')).toThrow('ROLE_NOT_ALLOWED');
  expect(() => assertOrdinaryRole('user')).not.toThrow();
  expect(() => assertOrdinaryRole(undefined)).not.toThrow();
});

it('shows a user to themselves, to admins and to services; to others there is nobody', () => {
  for (const actor of [self, admin, SYSTEM]) expect(() => assertMayRead(actor, ada.id)).not.toThrow();
  for (const actor of [other, GUEST]) expect(() => assertMayRead(actor, ada.id)).toThrow('NOT_FOUND');
});

it('lets users delete themselves and admins delete anybody', () => {
  for (const actor of [self, admin]) expect(() => assertMayDelete(actor, ada.id)).not.toThrow();
  expect(() => assertMayDelete(other, ada.id)).toThrow('NOT_FOUND');
  expect(() => assertMayDelete(GUEST, ada.id)).toThrow('UNAUTHENTICATED');
});

it('keeps the last admin', () => {
  expect(() => assertNotLastAdmin([admin], admin.id)).toThrow('LAST_ADMIN');
  expect(() => assertNotLastAdmin([admin, ada], admin.id)).not.toThrow();
  expect(() => assertNotLastAdmin([admin], ada.id)).not.toThrow();
});

it('never shows the password hash', () => {
  expect(Object.keys(toUser(ada))).toEqual(['id', 'email', 'role', 'name', 'phone', 'createdAt']);
});

describe('a change of the profile', () => {
  it('names only what is different', () => {
    const { after, changed } = changeProfile(ada, {
      email: 'ada@example.com',
      name: null,
      phone: '+49 30 1234',
    });
    expect(after).toMatchObject({ email: 'ada@example.com', name: null, phone: '+49 30 1234' });
    expect(changed).toEqual(['name', 'phone']);
  });

  it('leaves alone what is not given', () => {
    expect(changeProfile(ada, {})).toEqual({ after: ada, changed: [] });
  });

  it('needs the password in use for another e-mail address or password', () => {
    expect(needsPassword(ada, { email: 'new@example.com' })).toBe(true);
    expect(needsPassword(ada, { password: 'Secret123' })).toBe(true);
    expect(needsPassword(ada, { email: 'ada@example.com' })).toBe(false);
    expect(needsPassword(ada, {})).toBe(false);
  });
});
