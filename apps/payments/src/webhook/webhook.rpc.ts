import { Controller } from '@nestjs/common';
import type { CallInput } from '@order-system/contracts/define';
import { ReceiveWebhook as ReceiveCall } from '@order-system/contracts/payments.contracts';
import { Rpc } from '@order-system/messaging/rpc';
import { ReceiveWebhook } from './receive-webhook.js';

@Controller()
export class WebhookRpc {
  constructor(private readonly receiving: ReceiveWebhook) {}

  @Rpc(ReceiveCall)
  receive(input: CallInput<typeof ReceiveCall>) {
    return this.receiving.execute(input);
  }
}
