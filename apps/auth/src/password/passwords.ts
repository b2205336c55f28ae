import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { AUTH_CONFIG, type AuthConfig } from '../auth.config.js';

const MOST_BYTES = 72;

/** Takes a tenth of a second of a processor: never inside a transaction. */
@Injectable()
export class Passwords {
  private readonly cost: number;
  /** Compared when there is no account, so that the answer takes as long as when there is one. */
  private readonly nobodys: Promise<string>;

  constructor(@Inject(AUTH_CONFIG) config: Pick<AuthConfig, 'PASSWORD_COST'>) {
    this.cost = config.PASSWORD_COST;
    this.nobodys = this.hash(randomBytes(16).toString('hex'));
  }

  hash(password: string): Promise<string> {
    return bcrypt.hash(password, this.cost);
  }

  async matches(password: string, hash: string | null): Promise<boolean> {
    const isEqual = await bcrypt.compare(password, hash ?? (await this.nobodys));
    // bcrypt leaves out what comes after 72 bytes; a longer password is not the one that was set.
    return isEqual && hash !== null && Buffer.byteLength(password) <= MOST_BYTES;
  }
}
