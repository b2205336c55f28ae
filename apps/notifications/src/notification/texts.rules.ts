import type { EventData } from '@order-system/contracts/define';
import { toAmount } from '@order-system/contracts/money';
import type { OrderCreated, OrderFact, OrderStatus } from '@order-system/contracts/orders.contracts';
import type {
  PaymentFailed,
  PaymentRefunded,
  PaymentSucceeded,
} from '@order-system/contracts/payments.contracts';

/** Plain text: whoever shows it as HTML escapes it. */
export interface Text {
  title: string;
  body: string;
}

interface Amount {
  amount: number;
  currency: string;
}

/** Making one takes longer than all else that is done for a notification. */
const formats = new Map<string, Intl.NumberFormat>();

function money({ amount, currency }: Amount): string {
  const format = formats.get(currency) ?? new Intl.NumberFormat('en', { style: 'currency', currency });
  formats.set(currency, format);
  return format.format(toAmount(amount));
}
const time = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const lines = (...all: (string | undefined)[]): string => all.filter((line) => line !== undefined).join('\n');

const MOST_QUOTED = 1000;
/** In whole characters: half an emoji is no text to PostgreSQL. */
const quoted = (text: string): string => {
  const characters = [...text];
  return characters.length > MOST_QUOTED ? `${characters.slice(0, MOST_QUOTED).join('')}...` : text;
};

/** `order 1001`, or as much as is known of it. */
const named = (number: number | undefined): string =>
  number === undefined ? 'your order' : `order ${number}`;

export const welcome = (): Text => ({
  title: 'Welcome',
  body: 'Your account is ready. We will tell you here how your orders are getting on.',
});

export function orderPlaced(order: EventData<typeof OrderCreated>): Text {
  const total = money({ amount: order.total, currency: order.currency });
  const next = {
    PENDING: `The total is ${total}. The order goes on as soon as it is paid.`,
    REVIEW: 'We will look at it and agree with you on the details in its room.',
  }[order.status as string];
  const until = order.payBefore === null ? undefined : `Please pay before ${time(order.payBefore)}.`;
  return { title: `Order ${order.number} received`, body: lines('Thank you for your order.', next, until) };
}

const MOVED: Readonly<Record<OrderStatus, string>> = {
  PENDING: 'is waiting for its payment',
  REVIEW: 'is being reviewed',
  PROCESSING: 'is being prepared',
  SHIPPED: 'is on its way',
  COMPLETED: 'is complete',
  CANCELLED: 'was cancelled',
};

/** A payment or the closing of its room has brought it there: that has a message of its own. */
const MOVED_BY_ITSELF: readonly OrderStatus[] = ['PROCESSING', 'REVIEW'];

export function orderMoved(order: OrderFact & { trackingNumber?: string; carrier?: string }): Text {
  const text = `Order ${order.number} ${MOVED[order.status]}`;
  const reason = MOVED_BY_ITSELF.includes(order.status) ? undefined : order.reason;
  return {
    title: text,
    body: lines(
      `${text}.`,
      reason === undefined ? undefined : `Reason: ${reason}`,
      order.carrier === undefined ? undefined : `Carrier: ${order.carrier}`,
      order.trackingNumber === undefined ? undefined : `Tracking number: ${order.trackingNumber}`,
    ),
  };
}

export const paymentDue = (payment: Amount & { link: string }, number?: number): Text => ({
  title: `Payment for ${named(number)}`,
  body: lines(`Please pay ${money(payment)} for ${named(number)}.`, `Pay here: ${payment.link}`),
});

export const paymentSucceeded = (payment: EventData<typeof PaymentSucceeded>, number?: number): Text => ({
  title: `Payment received for ${named(number)}`,
  body: `We have received ${money(payment)} for ${named(number)}. Thank you.`,
});

export const paymentFailed = (payment: EventData<typeof PaymentFailed>, number?: number): Text => ({
  title: `Payment failed for ${named(number)}`,
  body: lines(
    `The payment of ${money(payment)} for ${named(number)} did not succeed: ${payment.message}`,
    'Nothing was charged. You can try again, also in another way.',
  ),
});

export const paymentRefunded = (payment: EventData<typeof PaymentRefunded>, number?: number): Text => ({
  title: `Refund for ${named(number)}`,
  body: lines(
    `${money(payment)} for ${named(number)} is on its way back to you.`,
    payment.reason === null ? undefined : `Reason: ${payment.reason}`,
  ),
});

export const roomClosed = (summary: string, number?: number): Text => ({
  title: `The room of ${named(number)} was closed`,
  body: lines('This is what was agreed:', quoted(summary)),
});

export const newMessage = (content: string, number?: number): Text => ({
  title: `New message about ${named(number)}`,
  body: quoted(content),
});
