import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { LogIn } from '@order-system/contracts/auth.contracts';
import { DomainError } from '@order-system/contracts/errors';
import { invalidFields } from '@order-system/contracts/invalid';
import { GUEST } from '@order-system/contracts/primitives';
import { systemContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { Strategy } from 'passport-local';
import type { AuthRequest, LogInAnswer } from './auth-request.js';
import { runStrategy } from './run-strategy.js';

type LogInRequest = Pick<AuthRequest, 'id' | 'body'>;

function readBody(body: unknown) {
  const input = LogIn.input.safeParse(body ?? {});
  if (input.success) return input.data;
  throw invalidFields(input.error);
}

/** E-mail and password in the body, checked by auth. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly rpc: RpcClient) {
    super({ usernameField: 'email', passReqToCallback: true });
  }

  validate({ id, body }: LogInRequest): Promise<LogInAnswer> {
    return this.rpc.forward(LogIn, readBody(body), { ...systemContext(id), actor: GUEST });
  }
}

/** For the login routes, which are `@Public()`; the answer of auth is then in `@LoggedIn()`. */
@Injectable()
export class LocalGuard implements CanActivate {
  constructor(private readonly local: LocalStrategy) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthRequest>();
    // Without the query: passport-local would take credentials from there too.
    const parts: LogInRequest = { id: request.id, body: request.body };
    const login = await runStrategy<LogInAnswer>(this.local, parts);
    if (!login) {
      // Passport says only that something is missing. By the contract that may be a field, or an empty password.
      readBody(request.body);
      throw new DomainError('VALIDATION_FAILED', 'The password is empty.', {
        errors: [{ path: 'password', message: 'must not be empty' }],
      });
    }
    request.login = login;
    return true;
  }
}
