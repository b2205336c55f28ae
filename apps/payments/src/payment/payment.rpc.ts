import { Controller } from '@nestjs/common';
import type { CallInput } from '@order-system/contracts/define';
import {
  GetPayment,
  ListPaymentMethods,
  RefundPayment as RefundCall,
  StartPayment as StartCall,
} from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { Providers } from '../provider/providers.js';
import { getPayment } from './payment.read.js';
import { RefundPayment } from './refund-payment.js';
import { StartPayment } from './start-payment.js';

@Controller()
export class PaymentRpc {
  constructor(
    private readonly db: Database,
    private readonly starting: StartPayment,
    private readonly refunding: RefundPayment,
    private readonly providers: Providers,
  ) {}

  @Rpc(ListPaymentMethods)
  async methods() {
    return { methods: this.providers.names() };
  }

  @Rpc(StartCall)
  start(input: CallInput<typeof StartCall>, ctx: MessageContext) {
    return this.starting.execute(input, ctx);
  }

  @Rpc(GetPayment)
  get({ id }: CallInput<typeof GetPayment>, ctx: MessageContext) {
    return getPayment(this.db, id, ctx);
  }

  @Rpc(RefundCall)
  refund(input: CallInput<typeof RefundCall>, ctx: MessageContext) {
    return this.refunding.execute(input, ctx);
  }
}
