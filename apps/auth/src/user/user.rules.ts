import { signedIn } from '@order-system/contracts/actor';
import type { UpdateProfile, User } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { Actor, Role } from '@order-system/contracts/primitives';

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly name: string | null;
  readonly phone: string | null;
  readonly version: number;
  readonly createdAt: Date;
}

export type ProfileChange = Omit<CallInput<typeof UpdateProfile>, 'password' | 'currentPassword'> & {
  passwordHash?: string;
};

export const emailTaken = (): DomainError =>
  new DomainError('EMAIL_TAKEN', 'There is an account with this e-mail address already.', {
    errors: [{ path: 'email', message: 'is taken' }],
  });

export const toUser = ({ id, email, role, name, phone, createdAt }: Account): User => ({
  id,
  email,
  role,
  name,
  phone,
  createdAt,
});

/** Registration makes users; admins are made by admins. */
export function assertOrdinaryRole(role: string | undefined): void {
  if (role !== undefined && role !== 'user')
    throw new DomainError('ROLE_NOT_ALLOWED', 'Only the role "user" can be asked for.');
}

/** Everybody sees themselves, admins and the system's own services see everybody; for others there is nobody. */
export function assertMayRead(actor: Actor, userId: string): void {
  if (actor.role !== 'admin' && actor.role !== 'system' && actor.id !== userId) throw notFound('user');
}

export function assertMayDelete(actor: Actor, userId: string): void {
  if (signedIn(actor) !== userId && actor.role !== 'admin') throw notFound('user');
}

/** `admins` are all there are. */
export function assertNotLastAdmin(admins: readonly Pick<Account, 'id'>[], userId: string): void {
  if (admins.length === 1 && admins[0]?.id === userId)
    throw new DomainError('LAST_ADMIN', 'This is the last admin; make somebody else an admin first.');
}

/** Whether the change is one that has to be confirmed with the password in use. */
export const needsPassword = (account: Account, change: { email?: string; password?: string }): boolean =>
  change.password !== undefined || (change.email !== undefined && change.email !== account.email);

/** The account after the change, and the names of the fields that are really different; a password is always. */
export function changeProfile(
  account: Account,
  { email, name, phone, passwordHash }: ProfileChange,
): { after: Account; changed: string[] } {
  const after: Account = {
    ...account,
    email: email ?? account.email,
    name: name === undefined ? account.name : name,
    phone: phone === undefined ? account.phone : phone,
    passwordHash: passwordHash ?? account.passwordHash,
  };
  const changed: string[] = (['email', 'name', 'phone'] as const).filter(
    (key) => after[key] !== account[key],
  );
  if (passwordHash !== undefined) changed.push('password');
  return { after, changed };
}
