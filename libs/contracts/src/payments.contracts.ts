import { z } from 'zod';
import { defineCall, defineEvent } from './define.js';
import { Money, PositiveMoney } from './money.js';
import { Id, Instant, Nothing, line } from './primitives.js';

export const PaymentProviderName = z.enum(['STRIPE', 'PAYPAL', 'SANDBOX']);
export type PaymentProviderName = z.output<typeof PaymentProviderName>;

/** As customers may write it; `stub` is the sandbox. */
export const PaymentMethod = z
  .enum(['STRIPE', 'PAYPAL', 'SANDBOX', 'stripe', 'paypal', 'sandbox', 'stub', 'STUB'])
  .meta({ example: 'SANDBOX' });
export const PaymentFlow = z.enum(['FRONTEND', 'REGULAR', 'BACKEND']).meta({
  description: 'FRONTEND (also REGULAR): pay at the link. BACKEND: charge paymentMethodId at once.',
});

export const PaymentMethodId = z
  .string()
  .max(200)
  .meta({
    description:
      "What paymentFlow BACKEND charges, by the provider's name for it. " +
      'The sandbox knows pm_sandbox_ok and pm_sandbox_declined.',
  });

export function providerOf(method: z.output<typeof PaymentMethod>): PaymentProviderName {
  const name = method.toUpperCase();
  return name === 'STUB' ? 'SANDBOX' : PaymentProviderName.parse(name);
}

/** REQUESTED: the provider was asked, its answer is not known yet. */
export const PaymentState = z.enum([
  'REQUESTED',
  'PENDING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
  'PARTIALLY_REFUNDED',
  'REFUNDED',
]);
export type PaymentState = z.output<typeof PaymentState>;

export const Payment = z.object({
  id: Id,
  orderId: Id,
  userId: Id,
  provider: PaymentProviderName,
  status: PaymentState,
  amount: Money,
  refunded: Money,
  currency: z.string(),
  message: z.string().nullable().meta({ description: 'Why it failed' }),
  receipt: z.string().nullable().meta({ description: "The provider's reference of the capture" }),
  createdAt: Instant,
  updatedAt: Instant,
});
export type Payment = z.output<typeof Payment>;

export const StartedPayment = z.object({
  payment: Payment,
  paymentUrl: z.string().optional(),
  clientSecret: z.string().optional(),
});

/** The providers that are set up. */
export const ListPaymentMethods = defineCall('payments.methods', {
  kind: 'query',
  input: Nothing,
  output: z.object({ methods: z.array(PaymentProviderName) }),
});

/**
 * What becomes of another attempt that can still be paid. END (also when left out): the new one takes its place. SHARE:
 * it is the answer when it is for the same amount, at a page of the same provider; else as END. KEEP: it is the answer.
 */
export const IfLive = z.enum(['END', 'SHARE', 'KEEP']);
export type IfLive = z.output<typeof IfLive>;

/**
 * Starts an attempt to pay an order; the same `paymentId` again gives the same attempt. An order has one at most that can
 * be paid: `ifLive` tells which.
 */
export const StartPayment = defineCall('payments.start', {
  kind: 'command',
  input: z.object({
    paymentId: Id,
    orderId: Id,
    userId: Id,
    amount: PositiveMoney,
    method: PaymentMethod,
    flow: PaymentFlow.default('FRONTEND'),
    paymentMethodId: PaymentMethodId.optional(),
    ifLive: IfLive.optional(),
  }),
  output: StartedPayment,
});

export const GetPayment = defineCall('payments.get', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: Payment,
});

/** Without an amount: all that is left. */
export const RefundPayment = defineCall('payments.refund', {
  kind: 'command',
  input: z.strictObject({ id: Id, amount: PositiveMoney.optional(), reason: line(500).optional() }),
  output: Payment,
});

/** `body` is the raw request body in base64: signatures are over bytes. Refusal: WEBHOOK_NOT_GENUINE. */
export const ReceiveWebhook = defineCall('payments.receiveWebhook', {
  kind: 'command',
  input: z.object({
    provider: PaymentProviderName,
    headers: z.record(z.string(), z.string()),
    body: z.base64(),
  }),
  output: Nothing,
});

const SandboxLink = { id: Id, secret: z.string().max(100) };
const SandboxSession = z.object({
  id: Id,
  orderId: Id,
  amount: Money,
  currency: z.string(),
  status: z.enum(['OPEN', 'PAID', 'DECLINED', 'EXPIRED']),
});
export const GetSandboxSession = defineCall('payments.sandboxSession', {
  kind: 'query',
  input: z.object(SandboxLink),
  output: SandboxSession,
});
export const SettleSandboxSession = defineCall('payments.sandboxSettle', {
  kind: 'command',
  input: z.strictObject({ ...SandboxLink, outcome: z.enum(['pay', 'decline']) }),
  output: SandboxSession,
});

const paymentFact = z.object({
  paymentId: Id,
  orderId: Id,
  userId: Id,
  provider: PaymentProviderName,
  amount: Money,
  currency: z.string(),
});
export const PaymentStarted = defineEvent(
  'payment.started',
  1,
  paymentFact.extend({ paymentUrl: z.string().optional() }),
);
/** `goesBack`: the order was cancelled, or paid by another payment, so this money goes back at once. */
export const PaymentSucceeded = defineEvent(
  'payment.succeeded',
  1,
  paymentFact.extend({ goesBack: z.boolean().optional() }),
);
/** `startedAt`: of two attempts to pay an order the later one is what it waits for. */
export const PaymentFailed = defineEvent(
  'payment.failed',
  1,
  paymentFact.extend({ message: z.string(), startedAt: Instant.optional() }),
);
/** `amount` went back this time, `refunded` in all, of `captured`. */
export const PaymentRefunded = defineEvent(
  'payment.refunded',
  1,
  paymentFact.extend({ refunded: Money, captured: Money, reason: z.string().nullable() }),
);
