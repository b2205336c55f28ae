import { Injectable } from '@nestjs/common';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError, hasCode } from '@order-system/contracts/errors';
import { redeliver } from '@order-system/contracts/events.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import type { EventMessage } from '@order-system/messaging/events';
import { RpcClient } from '@order-system/messaging/rpc-client';

type Redeliver = ReturnType<typeof redeliver>;
type Json = CallInput<Redeliver>['message'];

/** A service as the first part of its consumers' names. */
const SERVICE = /^[a-z]+(?=\.)/;

/** Gives an event to a consumer through the service that owns it. */
@Injectable()
export class Redelivery {
  constructor(private readonly rpc: RpcClient) {}

  async deliver(
    { consumer, message, again }: { consumer: string; message: EventMessage | Json; again: boolean },
    ctx: MessageContext,
  ): Promise<CallOutput<Redeliver>> {
    const service = SERVICE.exec(consumer)?.[0];
    if (service === undefined) throw noConsumer(consumer);
    const wire = JSON.parse(JSON.stringify(message)) as Json;
    try {
      return await this.rpc.call(redeliver(service), { consumer, message: wire, again }, ctx);
    } catch (err) {
      throw hasCode(err, 'NOT_FOUND') ? noConsumer(consumer) : err;
    }
  }
}

const noConsumer = (name: string): DomainError =>
  new DomainError('NOT_FOUND', `No service has a consumer "${name}" any more.`);
