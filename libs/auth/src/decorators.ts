import {
  type CustomDecorator,
  type ExecutionContext,
  SetMetadata,
  createParamDecorator,
} from '@nestjs/common';
import type { Role } from '@order-system/contracts/primitives';
import type { AuthRequest, LogInAnswer } from './auth-request.js';

/** Who may call a route. Without a mark: whoever is signed in. The mark of a method replaces that of its class. */
export type Access =
  | { who: 'everybody' }
  | { who: 'reader' }
  | { who: 'guest-or-user' }
  | { who: 'role'; roles: readonly Role[] };

export const ACCESS = 'order-system:access';
export const FRESH_SESSION = 'order-system:fresh-session';

const access = (value: Access): CustomDecorator => SetMetadata(ACCESS, value);

/** Everybody; a token that is sent along is not looked at. */
export const Public = (): CustomDecorator => access({ who: 'everybody' });

/** Everybody; a token that is no good is as good as none. A good one decides whose limit the request counts against. */
export const Reader = (): CustomDecorator => access({ who: 'reader' });

/** Guests too; but a token that is sent along has to be good. */
export const OptionalUser = (): CustomDecorator => access({ who: 'guest-or-user' });

/** Only these roles, as the user has them at this moment. */
export const Roles = (...roles: Role[]): CustomDecorator => access({ who: 'role', roles });

/** Asks auth about the session at every request, not every few seconds: where money moves. */
export const FreshSession = (): CustomDecorator => SetMetadata(FRESH_SESSION, true);

/** What auth.login answered, in its wire form; for routes under LocalGuard. */
export const LoggedIn = createParamDecorator((_: unknown, context: ExecutionContext): LogInAnswer => {
  const { login } = context.switchToHttp().getRequest<AuthRequest>();
  if (!login) throw new Error('This route is not guarded by LocalGuard');
  return login;
});
