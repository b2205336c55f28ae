import { Controller } from '@nestjs/common';
import type { CallInput } from '@order-system/contracts/define';
import { GetSandboxSession, SettleSandboxSession } from '@order-system/contracts/payments.contracts';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { Courier } from './courier.js';
import { findByLink, settleSession, toSession } from './settle-session.js';

/** The sandbox's payment page. Whoever has the link may use it. */
@Controller()
export class SandboxRpc {
  constructor(
    private readonly db: Database,
    private readonly courier: Courier,
  ) {}

  @Rpc(GetSandboxSession)
  async get(input: CallInput<typeof GetSandboxSession>) {
    return toSession(await findByLink(this.db, input));
  }

  @Rpc(SettleSandboxSession)
  settle(input: CallInput<typeof SettleSandboxSession>) {
    return settleSession({ db: this.db, courier: this.courier }, input);
  }
}
