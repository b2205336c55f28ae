import { DomainError } from '@order-system/contracts/errors';
import { formatAmount } from '@order-system/contracts/money';
import type { OrderKind, OrderStatus, PaymentStatus } from '@order-system/contracts/orders.contracts';
import type { PaymentProviderName, PaymentState } from '@order-system/contracts/payments.contracts';

/** On whose behalf an order moves; `room` is staff who close its room with a summary. */
export type Mover = 'owner' | 'admin' | 'room' | 'payment' | 'time';

/** Every move there is, and who may make it. What is not here is ILLEGAL_TRANSITION. */
export const TRANSITIONS = {
  PENDING: { PROCESSING: ['payment'], REVIEW: ['payment'], CANCELLED: ['owner', 'admin', 'time'] },
  REVIEW: { PROCESSING: ['room'], CANCELLED: ['owner', 'admin'] },
  PROCESSING: { SHIPPED: ['admin'], COMPLETED: ['admin'], CANCELLED: ['admin'] },
  SHIPPED: { COMPLETED: ['admin'] },
  COMPLETED: {},
  CANCELLED: {},
} as const satisfies Record<OrderStatus, Partial<Record<OrderStatus, readonly Mover[]>>>;

/** The part of an order that rules look at. Money in minor units. */
export interface OrderState {
  readonly id: string;
  readonly number: number;
  readonly userId: string;
  readonly kind: OrderKind;
  readonly status: OrderStatus;
  readonly paymentStatus: PaymentStatus;
  readonly currency: string;
  readonly total: number;
  readonly ownPrices: boolean;
  readonly payBefore: Date | null;
  readonly paymentId: string | null;
  readonly paymentProvider: PaymentProviderName | null;
  readonly paymentState: PaymentState | null;
  /** When the attempt it names was started; null while that is not known: before all others. */
  readonly attemptedAt: Date | null;
  /** Given back, in minor units. */
  readonly refunded: number;
  /** Staff have agreed to the customer's own prices. */
  readonly isAgreed: boolean;
  readonly trackingNumber: string | null;
  readonly carrier: string | null;
  readonly version: number;
}

/** What a rule has decided: the order after it, and why. `null` where nothing changes. */
export interface Decision {
  readonly before: OrderState;
  readonly after: OrderState;
  readonly reason?: string | undefined;
}

/** The order with these changes: its next version. */
export const change = (before: OrderState, changes: Partial<OrderState>, reason?: string): Decision => ({
  before,
  after: { ...before, ...changes, version: before.version + 1 },
  reason,
});

type Targets = Partial<Record<OrderStatus, readonly Mover[]>>;
const targetsOf = (status: OrderStatus): Targets => TRANSITIONS[status];

/** Where the order can go from here when one of `movers` asks. */
export const possible = (status: OrderStatus, movers: readonly Mover[]): OrderStatus[] =>
  (Object.entries(targetsOf(status)) as [OrderStatus, readonly Mover[]][])
    .filter(([, allowed]) => movers.some((mover) => allowed.includes(mover)))
    .map(([to]) => to);

export const isFinal = (status: OrderStatus): boolean => Object.keys(TRANSITIONS[status]).length === 0;

/** The same for this order: one that is still to be paid cannot be completed. */
export const possibleFor = ({ status, paymentStatus }: OrderState, movers: readonly Mover[]): OrderStatus[] =>
  possible(status, movers).filter((to) => to !== 'COMPLETED' || SETTLED.includes(paymentStatus));

export const SETTLED: readonly PaymentStatus[] = ['NOT_REQUIRED', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED'];

/** An attempt that payments give up when its order is cancelled. */
const LIVE: readonly (PaymentState | null)[] = ['REQUESTED', 'PENDING'];

export interface Move {
  to: OrderStatus;
  movers: readonly Mover[];
  reason?: string | undefined;
  trackingNumber?: string | undefined;
  carrier?: string | undefined;
}

/** Throws ILLEGAL_TRANSITION, naming the current state and what is possible from it. */
export function move(before: OrderState, { to, movers, reason, trackingNumber, carrier }: Move): Decision {
  const targets = possibleFor(before, movers);
  if (!targets.includes(to)) throw illegal(before, to, targets, whyNot(before, to, movers));
  const isGivenUp = to === 'CANCELLED' && LIVE.includes(before.paymentState);
  const changes = {
    status: to,
    paymentState: isGivenUp ? 'CANCELLED' : before.paymentState,
    payBefore: null,
    trackingNumber: trackingNumber ?? before.trackingNumber,
    carrier: carrier ?? before.carrier,
  };
  return change(before, changes, reason);
}

function whyNot({ status }: OrderState, to: OrderStatus, movers: readonly Mover[]): string | undefined {
  if (possible(status, movers).includes(to)) return 'it has not been paid yet';
  if (possible(status, ['room']).includes(to)) return 'staff agree to it by closing its room with a summary';
  return undefined;
}

function illegal(order: OrderState, to: OrderStatus, targets: OrderStatus[], why?: string): DomainError {
  const options = targets.length === 0 ? 'nothing' : targets.join(', ');
  const detail = `An order in ${order.status} cannot become ${to}${why ? `: ${why}` : ''}. Possible from here: ${options}.`;
  return new DomainError('ILLEGAL_TRANSITION', detail, { from: order.status, to, possible: targets });
}

/** 100,000,000,000.00: a limit that no real order meets, and far from where amounts stop being exact. */
const MOST_TOTAL = 10 ** 13;

/** The sum of the lines in minor units. Throws when it is nothing, or more than an order may cost. */
export function totalOf(lines: readonly { price: number; quantity: number }[]): number {
  const total = lines.reduce((sum, { price, quantity }) => sum + BigInt(price) * BigInt(quantity), 0n);
  if (total === 0n) throw badTotal('must cost something in all');
  if (total > BigInt(MOST_TOTAL))
    throw badTotal(`must cost at most ${formatAmount(MOST_TOTAL)} in all; order less, or in several orders`);
  return Number(total);
}

const badTotal = (message: string): DomainError =>
  new DomainError('VALIDATION_FAILED', `The order ${message}.`, { errors: [{ path: 'items', message }] });
