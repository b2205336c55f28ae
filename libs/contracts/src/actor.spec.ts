import { describe, expect, it } from '@jest/globals';
import { assertStaff, ownerFilter, signedIn } from './actor.js';
import { type Actor, GUEST, SYSTEM } from './primitives.js';

const user: Actor = { id: '0190a0b0-0000-7000-8000-000000000001', role: 'user' };
const admin: Actor = { id: '0190a0b0-0000-7000-8000-000000000002', role: 'admin' };

it('asks whoever has no account to sign in, a guest as well as the system', () => {
  for (const actor of [user, admin]) expect(signedIn(actor)).toBe(actor.id);
  for (const actor of [GUEST, SYSTEM])
    expect(() => signedIn(actor)).toThrow('UNAUTHENTICATED: Sign in first.');
  expect(() => signedIn(GUEST, 'Sign in to pay.')).toThrow('UNAUTHENTICATED: Sign in to pay.');
});

it('keeps what is for staff from everybody else, and only a guest can help it by signing in', () => {
  expect(() => assertStaff(admin, 'refund')).not.toThrow();
  for (const actor of [user, SYSTEM])
    expect(() => assertStaff(actor, 'refund')).toThrow('FORBIDDEN: Only staff may refund.');
  expect(() => assertStaff(GUEST, 'refund')).toThrow('UNAUTHENTICATED');
});

describe('whose rows an actor may see', () => {
  it('are everybody’s for staff and the system, their own for a customer', () => {
    for (const actor of [admin, SYSTEM]) expect(ownerFilter(actor)).toBeNull();
    expect(ownerFilter(user)).toBe(user.id);
  });

  it('are nobody’s for a guest, who has no id to look for', () => {
    expect(() => ownerFilter(GUEST)).toThrow('UNAUTHENTICATED');
  });
});
