import type { Role } from '@order-system/contracts/primitives';
import { RpcClient, type RpcRequest } from '@order-system/messaging/rpc-client';
import { type RpcReply, unavailable } from '@order-system/messaging/rpc-reply';

/** Auth as callers see it, with its answers in the test's hand. */
export class AuthOfTheTest extends RpcClient {
  readonly asked: RpcRequest[] = [];
  session: { userId: string; role: Role } | null = null;
  isAway = false;
  /** Answers wait for this. */
  gate: Promise<void> = Promise.resolve();
  login: RpcReply = {};

  protected async send(request: RpcRequest): Promise<RpcReply> {
    this.asked.push(request);
    const session = this.session;
    if (this.isAway) throw unavailable('auth', 'is away');
    await this.gate;
    return request.name === 'auth.login' ? this.login : { response: { session } };
  }

  async close(): Promise<void> {}
}
