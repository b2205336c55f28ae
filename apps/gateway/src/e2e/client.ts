import { randomUUID } from 'node:crypto';
import type { LogIn } from '@order-system/contracts/auth.contracts';
import type { GetBasket } from '@order-system/contracts/basket.contracts';
import type { GetProduct } from '@order-system/contracts/catalog.contracts';
import type { WireOutput } from '@order-system/contracts/define';
import type { ErrorCode } from '@order-system/contracts/errors';
import type { GetOrder, PlaceOrder } from '@order-system/contracts/orders.contracts';
import type { GetPayment } from '@order-system/contracts/payments.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { e2e } from '@order-system/testing/e2e';
import { inTurn } from '@order-system/testing/system';
import { checkDescribed } from './described.js';

export type Session = WireOutput<typeof LogIn>;
export type Product = WireOutput<typeof GetProduct>;
export type Basket = WireOutput<typeof GetBasket>;
export type Order = WireOutput<typeof GetOrder>;
export type Placed = WireOutput<typeof PlaceOrder>;
export type Payment = WireOutput<typeof GetPayment>;

const door = inTurn();

export const PASSWORD = 'Secret123';
export const anEmail = (): string => `${randomUUID()}@example.com`;

export interface Problem {
  code: ErrorCode;
  errors?: { path: string; message: string }[];
  [fact: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The whole body, as JSON. */
  body<T = Problem>(): T;
  /** What is in the envelope. */
  data<T>(): T;
  /** For comparing at once: `[409, 'OUT_OF_STOCK']`, or `[200, undefined]`. */
  readonly outcome: [number, string | undefined];
}

interface RequestOptions {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string;
  readonly headers?: Record<string, string>;
  /** Idempotency-Key */
  readonly key?: string;
}

const MOST_REPEATS = 3;

/** Somebody at the door, or at one gateway's after the other: with a session a user, without one a guest. */
export class Client {
  constructor(
    readonly url: string = e2e.url,
    readonly session?: Session,
  ) {}

  get userId(): string {
    return this.session?.user.id ?? '';
  }

  /**
   * Whatever the answer is, but for one that the documentation does not have.
   * @param path without the prefix `/api`, or a whole URL
   */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { body, raw = body === undefined ? undefined : JSON.stringify(body), headers, key } = options;
    const url = new URL(path.startsWith('http') ? path : `${door(this.url)}/api${path}`);
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      ...(raw === undefined ? {} : { body: raw }),
      headers: {
        ...(raw === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.session && { authorization: `Bearer ${this.session.token}` }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
    });
    const answer = answerOf(response.status, response.headers, await response.text());
    await checkDescribed(url, method, answer);
    return answer;
  }

  /** What is in the envelope of an answer that has to be a success. A read that nobody had time for is asked again. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    let answer = await this.send(method, path, { body });
    for (let repeats = 0; method === 'GET' && answer.status === 503 && repeats < MOST_REPEATS; repeats += 1)
      answer = await this.send(method, path);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.data<T>();
  }

  async logIn(email: string, password = PASSWORD): Promise<Client> {
    const answer = await this.send('POST', '/auth/login', { body: { email, password } });
    if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
    return new Client(this.url, answer.body<Session>());
  }
}

const answerOf = (status: number, headers: Headers, text: string): Answer => {
  const body = <T = Problem>() => JSON.parse(text) as T;
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json') === true;
  return {
    status,
    headers,
    text,
    body,
    data: <T>() => body<{ data: unknown }>().data as T,
    outcome: [status, isProblem ? body().code : undefined],
  };
};

export const guest = (url?: string): Client => new Client(url);
export const givenAdmin = (url?: string): Promise<Client> =>
  guest(url).logIn(e2e.admin.email, e2e.admin.password);

/** A new customer, signed in. */
export async function givenUser(url?: string): Promise<Client> {
  const email = anEmail();
  const answer = await guest(url).send('POST', '/auth/register', { body: { email, password: PASSWORD } });
  if (answer.status !== 201) throw new Error(`register: ${answer.status} ${answer.text}`);
  return guest(url).logIn(email);
}

/** A new product; `admin` has to be one. */
export const givenProduct = (admin: Client, fields: Partial<Product> = {}): Promise<Product> =>
  admin.ask('POST', '/products', {
    sku: `E2E-${randomUUID()}`,
    name: 'Blue mug',
    category: 'End to end',
    price: 19.99,
    stock: 100,
    ...fields,
  });

/** An order of one line that waits for its payment; it is asked for again where nobody had time to begin it. */
export async function givenOrder(user: Client, product: Product, quantity = 1): Promise<Placed> {
  const placed = await user.ask<Placed>('POST', '/orders', {
    items: [{ productId: product.id, quantity }],
    paymentMethod: 'SANDBOX',
  });
  if (placed.paymentUrl !== undefined) return placed;
  return eventually(() =>
    user.ask('POST', `/orders/${placed.order.id}/payments`, { paymentMethod: 'SANDBOX' }),
  );
}

/** Presses a button on the payment page. */
export const settle = ({ paymentUrl = '' }: Placed, outcome: 'pay' | 'decline' = 'pay'): Promise<Answer> =>
  guest(paymentUrl).send('POST', paymentUrl, { body: { outcome } });

/** Pays an order and waits until it knows. */
export async function pay(user: Client, placed: Placed): Promise<Order> {
  await settle(placed);
  return waitForOrder(user, placed.order.id, { paymentStatus: 'PAID' });
}

/** An order of one line, paid; it is in PROCESSING. */
export const givenPaidOrder = async (user: Client, product: Product, quantity = 1): Promise<Order> =>
  pay(user, await givenOrder(user, product, quantity));

/** The order, once it is as expected. */
export function waitForOrder(user: Client, id: string, expected: Partial<Order>): Promise<Order> {
  return waitFor<Order>(user, `/orders/${id}`, expected);
}

/** What a GET answers, once it has the expected fields. */
export const waitFor = <T extends object>(user: Client, path: string, expected: Partial<T>): Promise<T> =>
  eventually(async () => {
    const found = await user.ask<T>('GET', path);
    for (const [field, value] of Object.entries(expected))
      if (found[field as keyof T] !== value)
        throw new Error(`${path}: ${field} is ${String(found[field as keyof T])}, not ${String(value)}`);
    return found;
  });

export interface StockMovement {
  reason: string;
  quantity: number;
  onHand: number;
  reserved: number;
}

export const movementsOf = (admin: Client, { id }: Product): Promise<StockMovement[]> =>
  admin.ask('GET', `/products/${id}/stock-movements?limit=100`);

/** How many answers there are of each kind: `{ '201': 10, '409 OUT_OF_STOCK': 190 }`. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of answers) {
    const kind = outcome.filter((part) => part !== undefined).join(' ');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
