import { z } from 'zod';
import { defineCall, defineEvent } from './define.js';
import { Money, MoneySum, PositiveMoney, Price } from './money.js';
import {
  PaymentFlow,
  PaymentMethod,
  PaymentMethodId,
  PaymentProviderName,
  PaymentState,
  StartedPayment,
} from './payments.contracts.js';
import { Id, Instant, Json, Quantity, Search, Until, line, pageOf, paging, text } from './primitives.js';

export const OrderStatus = z.enum(['PENDING', 'REVIEW', 'PROCESSING', 'SHIPPED', 'COMPLETED', 'CANCELLED']);
export type OrderStatus = z.output<typeof OrderStatus>;
export const PaymentStatus = z.enum([
  'NOT_REQUIRED',
  'PENDING',
  'PAID',
  'FAILED',
  'PARTIALLY_REFUNDED',
  'REFUNDED',
]);
export type PaymentStatus = z.output<typeof PaymentStatus>;
export const OrderKind = z.enum(['CATALOG', 'CUSTOM']);
export type OrderKind = z.output<typeof OrderKind>;

const OrderLine = z.object({
  productId: Id.optional(),
  title: z.string(),
  price: Money,
  quantity: z.int(),
  total: Money,
});
const HistoryEntry = z.object({
  from: OrderStatus.nullable(),
  to: OrderStatus,
  at: Instant,
  by: Id.nullable().meta({ description: 'Who did it; null when time or a payment did' }),
  reason: z.string().optional(),
});
const Specifications = z.union([text(0, 4000), Json]);
const Address = z.union([line(1000), Json]);
const PaymentSummary = z.object({
  id: Id,
  provider: PaymentProviderName,
  status: PaymentState,
  amount: Money,
});

export const Order = z.object({
  id: Id,
  number: z.int(),
  userId: Id,
  kind: OrderKind,
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  currency: z.string(),
  subtotal: Money,
  total: Money,
  items: z.array(OrderLine),
  description: z.string().optional(),
  specifications: Specifications.optional(),
  quantity: z.int().optional(),
  metadata: Json.optional(),
  shippingAddress: Address.optional(),
  notes: z.string().optional(),
  trackingNumber: z.string().optional(),
  carrier: z.string().optional(),
  payment: PaymentSummary.optional(),
  history: z.array(HistoryEntry),
  createdAt: Instant,
  updatedAt: Instant,
});
export type Order = z.output<typeof Order>;

const CatalogItem = z.strictObject({
  productId: Id,
  quantity: Quantity,
  price: Price.optional().meta({ description: 'When given it must be the price of the catalogue' }),
});
const OwnItem = z.strictObject({ title: line(200), price: Price, quantity: Quantity });
const custom = {
  description: line(4000),
  specifications: Specifications,
  quantity: Quantity,
  metadata: Json,
};

/** One of: a basket, items, or a description of something to be made. */
export const PlaceOrder = defineCall('orders.place', {
  kind: 'command',
  input: z
    .strictObject({
      basketId: Id.optional(),
      items: z
        .array(z.union([CatalogItem, OwnItem]))
        .min(1)
        .max(100)
        .optional(),
      paymentMethod: PaymentMethod.optional(),
      paymentFlow: PaymentFlow.optional(),
      paymentMethodId: PaymentMethodId.optional(),
      shippingAddress: Address.optional(),
      notes: text(0, 2000).optional(),
      ...z.object(custom).partial().shape,
    })
    .superRefine((order, ctx) => {
      const refuse = (path: string, message: string) =>
        ctx.addIssue({ code: 'custom', path: [path], message });
      const ways = (['basketId', 'items', 'description'] as const).filter((way) => order[way] !== undefined);
      if (ways.length !== 1)
        return ctx.addIssue({
          code: 'custom',
          message: 'give exactly one of basketId, items and description',
        });
      if (ways[0] === 'description') {
        if (order.quantity === undefined) refuse('quantity', 'is needed with a description');
        for (const field of ['paymentMethod', 'paymentFlow', 'paymentMethodId'] as const)
          if (order[field] !== undefined) refuse(field, 'has no place here: a custom order is priced later');
        return;
      }
      for (const field of ['specifications', 'quantity', 'metadata'] as const)
        if (order[field] !== undefined) refuse(field, 'belongs to a custom order, one with a description');
      if (order.paymentMethod === undefined) refuse('paymentMethod', 'is needed to pay for the order');
      if (order.paymentFlow === 'BACKEND' && order.paymentMethodId === undefined)
        refuse('paymentMethodId', 'is needed for paymentFlow BACKEND');
    }),
  output: z.object({ order: Order, ...StartedPayment.partial().shape }),
});

export const ListOrders = defineCall('orders.list', {
  kind: 'query',
  input: z.strictObject({
    ...paging,
    status: OrderStatus.optional(),
    search: Search.optional(),
    userId: Id.optional(),
    from: Instant.optional(),
    to: Until.optional(),
  }),
  output: pageOf(Order),
});

export const GetOrder = defineCall('orders.get', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: Order,
});

export const UpdateOrder = defineCall('orders.update', {
  kind: 'command',
  input: z
    .strictObject({ id: Id, ...z.object(custom).partial().shape })
    .refine((input) => Object.keys(input).length > 1, {
      error: 'give at least one field to change',
      when: ({ issues }) => issues.length === 0,
    }),
  output: Order,
});

export const SetOrderStatus = defineCall('orders.setStatus', {
  kind: 'command',
  input: z.strictObject({
    id: Id,
    status: OrderStatus,
    reason: line(500).optional(),
    trackingNumber: line(100).optional(),
    carrier: line(100).optional(),
  }),
  output: Order,
});

export const CancelOrder = defineCall('orders.cancel', {
  kind: 'command',
  input: z.strictObject({ id: Id, reason: line(500).optional() }),
  output: Order,
});

/** Staff have agreed in the room: REVIEW becomes PROCESSING, and a quote becomes what is to be paid. Once per closing. */
export const SettleReview = defineCall('orders.settleReview', {
  kind: 'command',
  input: z.object({
    id: Id,
    closingId: Id,
    summary: z.string(),
    quote: PositiveMoney.optional(),
    orderUpdatedAt: Instant.optional(),
  }),
  output: Order,
});

/** Another try while unpaid. */
export const PayOrder = defineCall('orders.pay', {
  kind: 'command',
  input: z.strictObject({
    id: Id,
    paymentMethod: PaymentMethod,
    paymentFlow: PaymentFlow.optional(),
    paymentMethodId: PaymentMethodId.optional(),
  }),
  output: z.object({ order: Order, ...StartedPayment.shape }),
});

export const TrackOrder = defineCall('orders.track', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: Order.pick({
    id: true,
    number: true,
    status: true,
    paymentStatus: true,
    trackingNumber: true,
    carrier: true,
    history: true,
    updatedAt: true,
  }),
});

export const GetOrderStats = defineCall('orders.stats', {
  kind: 'query',
  input: z.strictObject({ from: Instant.optional(), to: Until.optional() }),
  output: z.object({
    orders: z.int(),
    byStatus: z.record(OrderStatus, z.int()),
    revenue: MoneySum,
    averageValue: MoneySum,
    currency: z.string(),
    byDay: z.array(z.object({ day: z.iso.date(), orders: z.int(), revenue: MoneySum })),
  }),
});

/** The order after the change; `previousStatus` is null when it was just placed. */
const orderFact = z.object({
  orderId: Id,
  number: z.int(),
  userId: Id,
  kind: OrderKind,
  status: OrderStatus,
  previousStatus: OrderStatus.nullable(),
  paymentStatus: PaymentStatus,
  total: Money,
  currency: z.string(),
  reason: z.string().optional(),
});
export type OrderFact = z.output<typeof orderFact>;
export const OrderCreated = defineEvent(
  'order.created',
  1,
  orderFact.extend({ basketId: Id.optional(), payBefore: Instant.nullable(), createdAt: Instant }),
);
/** `updatedAt` is the order's own: older events have none. */
const orderChange = orderFact.extend({ updatedAt: Instant.optional() });
export const OrderUpdated = defineEvent('order.updated', 1, orderChange);
export const OrderShipped = defineEvent(
  'order.shipped',
  1,
  orderChange.extend({ trackingNumber: z.string().optional(), carrier: z.string().optional() }),
);
export const OrderCompleted = defineEvent('order.completed', 1, orderChange);
export const OrderCancelled = defineEvent('order.cancelled', 1, orderChange);
