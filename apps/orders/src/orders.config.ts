import { duration } from '@order-system/config/blocks';
import { readConfig } from '@order-system/config/config';
import {
  PaymentMethod,
  type PaymentProviderName,
  providerOf,
} from '@order-system/contracts/payments.contracts';
import { z } from 'zod';

const ordersBlock = z.object({
  /** How long an order waits for its payment. */
  ORDER_PAYMENT_WINDOW: duration.prefault('30m'),
  /** How a quoted order is to be paid, unless its owner chooses another way. */
  DEFAULT_PAYMENT_METHOD: PaymentMethod.default('SANDBOX'),
});

export class OrdersConfig {
  /** Milliseconds. */
  readonly paymentWindow: number;
  readonly defaultProvider: PaymentProviderName;

  constructor(env = readConfig(ordersBlock)) {
    this.paymentWindow = env.ORDER_PAYMENT_WINDOW;
    this.defaultProvider = providerOf(env.DEFAULT_PAYMENT_METHOD);
  }
}
