import { duration } from '@order-system/config/blocks';
import { readConfig } from '@order-system/config/config';
import {
  PaymentMethod,
  type PaymentProviderName,
  providerOf,
} from '@order-system/contracts/payments.contracts';
import { z } from 'zod';

export const ordersBlock = z.object({
  /** How long an order waits for its payment. */
  ORDER_PAYMENT_WINDOW: duration.prefault('30m'),
  /** How a quoted order is to be paid, unless its owner chooses another way. */
  DEFAULT_PAYMENT_METHOD: PaymentMethod.default('SANDBOX'),
});

export interface OrdersConfig {
  /** Milliseconds. */
  paymentWindow: number;
  defaultProvider: PaymentProviderName;
}

/** Throws ConfigError. */
export function readOrdersConfig(): OrdersConfig {
  const config = readConfig(ordersBlock);
  return {
    paymentWindow: config.ORDER_PAYMENT_WINDOW,
    defaultProvider: providerOf(config.DEFAULT_PAYMENT_METHOD),
  };
}

/** Injection token of OrdersConfig. */
export const ORDERS_CONFIG = Symbol('OrdersConfig');
