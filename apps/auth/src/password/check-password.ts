import { Injectable } from '@nestjs/common';
import { DomainError } from '@order-system/contracts/errors';
import { Database } from '@order-system/prisma/database';
import { Passwords } from './passwords.js';
import { countFailure, findCredentials } from './credentials.store.js';

/** `passwordHash` is what the password was right for: a transaction that relies on it checks that it still stands. */
export interface CheckedPassword {
  readonly userId: string;
  readonly passwordHash: string;
}

const WRONG = 'The e-mail address or the password is wrong.';

@Injectable()
export class CheckPassword {
  constructor(
    private readonly db: Database,
    private readonly passwords: Passwords,
  ) {}

  /** Throws INVALID_CREDENTIALS, the same for an unknown address and a wrong password, and RATE_LIMITED. */
  async execute(email: string, password: string, refusal = WRONG): Promise<CheckedPassword> {
    const credentials = await findCredentials(this.db, email);
    const isRight = await this.passwords.matches(password, credentials?.passwordHash ?? null);
    if (credentials && isRight) return credentials;
    await countFailure(this.db, email);
    throw new DomainError('INVALID_CREDENTIALS', refusal);
  }
}
