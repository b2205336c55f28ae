import { z } from 'zod';
import { defineCall, defineEvent } from './define.js';
import { Id, Instant, Nothing, Role, Search, line, pageOf, paging, text } from './primitives.js';

export const Email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email())
  .meta({ description: 'E-mail address; upper and lower case are the same', example: 'ada@example.com' });

const MOST_PASSWORD_BYTES = 72; // bcrypt reads no further
export const Password = z
  .string()
  .min(8, 'must have at least 8 characters')
  .refine(
    (value) => new TextEncoder().encode(value.normalize('NFC')).length <= MOST_PASSWORD_BYTES,
    'must have at most 72 bytes',
  )
  .regex(/\p{Ll}/u, 'must have a lower-case letter')
  .regex(/\p{Lu}/u, 'must have an upper-case letter')
  .regex(/\d/, 'must have a digit')
  .meta({ example: 'Secret123' });

const Name = line(100);
/** 5 to 15 digits, as many as E.164 has, written as people write them. */
const Phone = z
  .string()
  .max(30)
  .regex(/^\+?(?:[ ()-]*\d){5,15}[ ()-]*$/, 'must be a phone number');

export const User = z.object({
  id: Id,
  email: z.string(),
  role: Role,
  name: z.string().nullable(),
  phone: z.string().nullable(),
  createdAt: Instant,
});
export type User = z.output<typeof User>;

const Session = z.object({
  token: z.string().meta({ description: 'Access token, for the Authorization header' }),
  refreshToken: z.string(),
  expiresIn: z.int().meta({ description: 'Seconds until the access token expires' }),
  user: User,
});

/** `role` is a plain string here: asking for another one than "user" is 403, not a malformed request. */
export const RegisterUser = defineCall('auth.register', {
  kind: 'command',
  input: z.strictObject({
    email: Email,
    password: Password,
    name: Name.optional(),
    phone: Phone.optional(),
    role: z.string().max(20).optional().meta({ description: 'Only "user" is accepted' }),
  }),
  output: User,
});

export const LogIn = defineCall('auth.login', {
  kind: 'command',
  input: z.strictObject({ email: Email, password: z.string().max(1000), basketId: Id.optional() }),
  output: Session,
});

export const RefreshSession = defineCall('auth.refresh', {
  kind: 'command',
  input: z.strictObject({ refreshToken: text(1, 200) }),
  output: Session,
});

export const LogOut = defineCall('auth.logout', { kind: 'command', input: Nothing, output: Nothing });

/** Is the caller's session alive, and what may its user do now? Null when it has ended. */
export const CheckSession = defineCall('auth.checkSession', {
  kind: 'query',
  input: z.object({ sessionId: Id }),
  output: z.object({ session: z.object({ userId: Id, role: Role }).nullable() }),
});

export const GetUser = defineCall('auth.getUser', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: User,
});

/** How those among `ids` who still have an account can be reached; for services alone. */
export const GetContacts = defineCall('auth.contacts', {
  kind: 'query',
  input: z.object({ ids: z.array(Id).max(100) }),
  output: z.object({ contacts: z.array(User.pick({ id: true, email: true, name: true, phone: true })) }),
});

export const UpdateProfile = defineCall('auth.updateProfile', {
  kind: 'command',
  input: z.strictObject({
    email: Email.optional(),
    name: Name.nullable().optional(),
    phone: Phone.nullable().optional(),
    password: Password.optional(),
    currentPassword: z
      .string()
      .max(1000)
      .optional()
      .meta({ description: 'Needed to change e-mail or password' }),
  }),
  output: User,
});

export const ListUsers = defineCall('auth.listUsers', {
  kind: 'query',
  input: z.strictObject({ ...paging, search: Search.optional(), role: Role.optional() }),
  output: pageOf(User),
});

export const SetRole = defineCall('auth.setRole', {
  kind: 'command',
  input: z.strictObject({ id: Id, role: Role }),
  output: User,
});

/** Ends every session, frees the e-mail address and removes what names the person. */
export const DeleteUser = defineCall('auth.deleteUser', {
  kind: 'command',
  input: z.strictObject({ id: Id }),
  output: Nothing,
});

const userFact = z.object({ userId: Id, role: Role });
export const UserCreated = defineEvent('user.created', 1, userFact);
export const UserUpdated = defineEvent('user.updated', 1, userFact.extend({ changed: z.array(z.string()) }));
export const UserDeleted = defineEvent('user.deleted', 1, z.object({ userId: Id }));
/** `basketId`: a guest's basket that becomes the user's. */
export const UserLoggedIn = defineEvent('user.login', 1, z.object({ userId: Id, basketId: Id.optional() }));
/** A login is over: logged out, expired, its token stolen, its password changed or its user gone. */
export const SessionEnded = defineEvent(
  'user.session-ended',
  1,
  z.object({ userId: Id, sessionId: Id, reason: z.string() }),
);
