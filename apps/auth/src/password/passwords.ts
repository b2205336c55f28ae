import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { DomainError } from '@order-system/contracts/errors';
import { AUTH_CONFIG, type AuthConfig } from '../auth.config.js';

const MOST_BYTES = 72;
/** Of the four threads that Node has for such work one stays free: it looks up the host of each new connection. */
const MOST_AT_ONCE = 3;
/** A service has 64 calls in hand at a time. What these leave is for those who only ask whether a session lives. */
const MOST_WAITING = 40;
/** Who asked is answered within 8 s or not at all: what begins later than this is done for nobody. */
const LONGEST_WAIT_MS = 5000;

/** Takes a tenth of a second of a processor: never inside a transaction. */
@Injectable()
export class Passwords {
  private readonly cost: number;
  /** Compared when there is no account, so that the answer takes as long as when there is one. */
  private readonly nobodys: Promise<string>;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(@Inject(AUTH_CONFIG) config: Pick<AuthConfig, 'PASSWORD_COST'>) {
    this.cost = config.PASSWORD_COST;
    this.nobodys = this.hash(randomBytes(16).toString('hex'));
  }

  hash(password: string): Promise<string> {
    return this.inTurn(() => bcrypt.hash(asKept(password), this.cost));
  }

  async matches(password: string, hash: string | null): Promise<boolean> {
    const known = hash ?? (await this.nobodys);
    const given = asKept(password);
    const isEqual = await this.inTurn(() => bcrypt.compare(given, known));
    // bcrypt leaves out what comes after 72 bytes; a longer password is not the one that was set.
    return isEqual && hash !== null && Buffer.byteLength(given) <= MOST_BYTES;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const since = performance.now();
    if (this.waiting.length >= MOST_WAITING) throw tooMany();
    if (this.running < MOST_AT_ONCE) this.running += 1;
    else await new Promise<void>((turn) => this.waiting.push(turn));
    try {
      if (performance.now() - since > LONGEST_WAIT_MS) throw tooMany();
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}

/** One keyboard writes é as a letter, another as e and an accent (RFC 8265, 4.2.2). */
const asKept = (password: string): string => password.normalize('NFC');

const tooMany = (): DomainError =>
  new DomainError('SERVICE_UNAVAILABLE', 'Too many sign in at once; try again shortly.');
