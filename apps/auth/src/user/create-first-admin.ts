import { Inject, Injectable } from '@nestjs/common';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import type { StartUp } from '@order-system/service-host/service';
import { AUTH_CONFIG, type AuthConfig } from '../auth.config.js';
import { Passwords } from '../password/passwords.js';
import { endSessions } from '../session/session.store.js';
import { hasAdmin, insertUser, lockUserByEmail, saveUser } from './user.store.js';

const log = logger('auth');

/** Makes the first admin of ADMIN_EMAIL and ADMIN_PASSWORD before the service is ready, when there is none. */
@Injectable()
export class FirstAdmin implements StartUp {
  constructor(
    private readonly db: Database,
    private readonly passwords: Passwords,
    @Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'ADMIN_EMAIL' | 'ADMIN_PASSWORD'>,
  ) {}

  async run(): Promise<void> {
    if (await this.db.inTx(hasAdmin)) return;
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = this.config;
    if (password === undefined)
      return log.warn('there is no admin: set ADMIN_EMAIL and ADMIN_PASSWORD and start again');
    const passwordHash = await this.passwords.hash(password);
    const isMade = await this.db.inTx((tx) => createFirstAdmin(tx, { email, passwordHash }, systemContext()));
    if (isMade) log.info('made the first admin');
  }
}

/** Whether it made one. Of several instances that start at once exactly one does. */
async function createFirstAdmin(
  tx: Tx,
  { email, passwordHash }: { email: string; passwordHash: string },
  ctx: MessageContext,
): Promise<boolean> {
  if (await hasAdmin(tx)) return false;
  const admin = { id: newId(), email, passwordHash, role: 'admin', name: null, phone: null } as const;
  if (await insertUser(tx, admin, ctx)) return true;
  const account = await lockUserByEmail(tx, email);
  if (!account || account.role === 'admin') return false;
  // Whoever registered the operator's address did not have to prove that it is theirs: only the operator gets in now.
  await endSessions(tx, ctx, { userId: account.id, reason: 'password' });
  await saveUser(tx, { ...account, role: 'admin', passwordHash }, ['role', 'password'], ctx);
  return true;
}
