import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** What the system said to one request, or that it said nothing. */
export interface Told {
  readonly request: string;
  readonly sent: unknown;
  /** The Idempotency-Key. */
  readonly key: string | undefined;
  readonly at: Date;
  readonly ms: number;
  /** Undefined when the connection broke or nothing came for 15 s. */
  readonly status: number | undefined;
  readonly body: unknown;
}

export interface PlacedOrder {
  readonly id: string;
  readonly status: string;
  readonly paymentStatus: string;
}

interface Sent {
  readonly body?: unknown;
  readonly key?: string;
  /** Refusals that a repetition may get because the first time did it. */
  readonly settled?: readonly number[];
}

/** An answer that is no success, and that asking again will not change. */
export class Refused extends Error {
  constructor(readonly told: Told) {
    super(`${told.request}: ${told.status} ${JSON.stringify(told.body)}`);
  }

  get code(): string | undefined {
    return codeOf(this.told.body);
  }
}

const PATIENCE_MS = 30_000;
const PERSISTENCE_MS = 120_000;
const AGAIN_MS = 300;
/** Until an order is what it should become. */
const OUTCOME_MS = 60_000;
const MOST_ATTEMPTS = 3;

/** A customer who repeats what got no answer, under the same Idempotency-Key, and remembers everything he was told. */
export class Shopper {
  readonly history: Told[] = [];
  readonly email = `shopper-${randomUUID()}@example.com`;
  private readonly links = new Map<string, string | undefined>();
  token: string | undefined;
  private refreshToken: string | undefined;

  constructor(readonly url: string) {}

  async signUp(): Promise<this> {
    const account = { email: this.email, password: 'Secret123' };
    // A repetition finds the account of the first time.
    await this.insist('POST /api/auth/register', { body: account, settled: [409] });
    return this.logIn(account);
  }

  async logIn(account: { email: string; password: string }): Promise<this> {
    this.take(await this.insist('POST /api/auth/login', { body: account }));
    return this;
  }

  /** Changes both tokens for new ones. */
  async refresh(): Promise<void> {
    const body = { refreshToken: this.refreshToken };
    this.take(await this.insist('POST /api/auth/refresh', { body }));
  }

  async productIds(): Promise<string[]> {
    const page = (await this.insist('GET /api/products?limit=20')) as { data: { id: string }[] };
    return page.data.map(({ id }) => id);
  }

  /** Puts products into the basket and orders it; resolves with the order once it was acknowledged. */
  async order(productIds: readonly string[]): Promise<PlacedOrder> {
    return this.place({ basketId: await this.fill(productIds) });
  }

  /** Puts one of each into the basket; its id. */
  async fill(productIds: readonly string[]): Promise<string> {
    const basket = (await this.insist('POST /api/basket', { body: {} })) as { data: { id: string } };
    for (const productId of productIds)
      await this.insist(`POST /api/basket/${basket.data.id}/items`, { body: { productId, quantity: 1 } });
    return basket.data.id;
  }

  async place(what: object, key: string = randomUUID()): Promise<PlacedOrder> {
    const body = { ...what, paymentMethod: 'SANDBOX' };
    const { data } = (await this.insist('POST /api/orders', { body, key })) as { data: Placed };
    this.links.set(data.order.id, data.paymentUrl);
    return data.order;
  }

  /** Opens the payment page, of a new attempt when the first one gave no link, and pays. */
  async pay(orderId: string): Promise<void> {
    await this.press(orderId, 'pay');
  }

  /** The attempt comes to nothing; `pay` begins another one. */
  async decline(orderId: string): Promise<void> {
    await this.press(orderId, 'decline');
    this.links.delete(orderId);
  }

  async find(orderId: string): Promise<PlacedOrder> {
    const { data } = (await this.insist(`GET /api/orders/${orderId}`)) as { data: PlacedOrder };
    return data;
  }

  /** Resolves once the order has the status; rejects with what it has instead. */
  waitFor(orderId: string, status: string, patienceMs = OUTCOME_MS): Promise<PlacedOrder> {
    return this.waitUntil(orderId, (order) => order.status === status, patienceMs);
  }

  /** Resolves once the order is paid for, or cancelled; staff may have gone further with it. */
  waitUntilSettled(orderId: string): Promise<PlacedOrder> {
    return this.waitUntil(orderId, (order) => order.status !== 'PENDING', OUTCOME_MS);
  }

  /** Resolves once the order is so; rejects with what it is instead. */
  async waitUntil(
    orderId: string,
    isIt: (order: PlacedOrder) => boolean,
    patienceMs: number,
  ): Promise<PlacedOrder> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const order = await this.find(orderId);
      if (isIt(order)) return order;
      if (Date.now() > until) throw new Error(`${orderId} stays ${order.status}, ${order.paymentStatus}`);
      await pause(AGAIN_MS);
    }
  }

  /** One request. Never throws: what happened is in the answer and in the history. */
  async ask(request: string, { body, key }: Sent = {}): Promise<Told> {
    const [method = 'GET', path = '/'] = request.split(' ');
    const at = new Date();
    const started = performance.now();
    const outcome = await this.send(method, path, { body, key });
    const told = { request, sent: body, key, at, ms: performance.now() - started, ...outcome };
    this.history.push(told);
    return told;
  }

  /** Asks until there is an answer, under one key; throws Refused when it is no success. */
  async insist(request: string, { body, key = randomUUID(), settled = [] }: Sent = {}): Promise<unknown> {
    const until = Date.now() + PERSISTENCE_MS;
    for (;;) {
      const told = await this.ask(request, { body, key });
      if (told.status !== undefined && (told.status < 300 || settled.includes(told.status))) return told.body;
      if (!isWorthAnotherTry(told) || Date.now() > until) throw new Refused(told);
      await pause(AGAIN_MS);
    }
  }

  /** The orders that answers to attempts to place one have named. */
  acknowledged(): string[] {
    const placed = this.history.filter(
      ({ request, status }) => request === 'POST /api/orders' && status === 201,
    );
    return placed.map(({ body }) => (body as { data: Placed }).data.order.id);
  }

  private take(session: unknown): void {
    const { token, refreshToken } = session as { token: string; refreshToken: string };
    this.token = token;
    this.refreshToken = refreshToken;
  }

  /** The page may be closed because another attempt took its place, or because the order takes no money any more. */
  private async press(orderId: string, outcome: 'pay' | 'decline'): Promise<void> {
    let link: string | undefined = this.links.get(orderId) ?? (await this.startPayment(orderId));
    for (let attempt = 1; link !== undefined && attempt <= MOST_ATTEMPTS; attempt += 1) {
      const { pathname, search } = new URL(link);
      const answer = await this.insist(`POST ${pathname}${search}`, { body: { outcome }, settled: [409] });
      const { data } = answer as { data?: { status: string } };
      if (data?.status !== 'EXPIRED') return;
      link = await this.startPayment(orderId).catch(unlessOver);
    }
  }

  /**
   * Asks again: under the same key while nobody knows what became of the attempt, under another one when it is over
   * before it could be paid, for another one took its place.
   */
  private async startPayment(orderId: string): Promise<string> {
    const until = Date.now() + PERSISTENCE_MS;
    for (let key = randomUUID(); ; await pause(AGAIN_MS)) {
      const body = { paymentMethod: 'SANDBOX' };
      const { data } = (await this.insist(`POST /api/orders/${orderId}/payments`, { body, key })) as {
        data: Placed & { payment: { status: string } };
      };
      if (data.paymentUrl !== undefined) return data.paymentUrl;
      const { status } = data.payment;
      if (!['REQUESTED', 'CANCELLED'].includes(status) || Date.now() > until)
        throw new Error(`${orderId} has no payment link: ${JSON.stringify(data)}`);
      if (status === 'CANCELLED') key = randomUUID();
    }
  }

  private async send(
    method: string,
    path: string,
    { body, key }: { body: unknown; key: string | undefined },
  ) {
    const headers: Record<string, string> = {};
    if (this.token !== undefined) headers['authorization'] = `Bearer ${this.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (key !== undefined && method === 'POST') headers['idempotency-key'] = key;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      const text = body === undefined ? null : JSON.stringify(body);
      const response = await fetch(`${this.url}${path}`, { method, headers, body: text, signal });
      const answer = await response.text();
      return { status: response.status, body: answer === '' ? undefined : (JSON.parse(answer) as unknown) };
    } catch (error) {
      return { status: undefined, body: String((error as Error).cause ?? error) };
    }
  }
}

function unlessOver(error: unknown): undefined {
  const isOver = error instanceof Refused && ['NOT_PAYABLE', 'ALREADY_PAID'].includes(error.code ?? '');
  if (!isOver) throw error;
}

/** Nothing was answered, or the answer asks for patience. */
function isWorthAnotherTry({ status, body }: Told): boolean {
  if (status === undefined || status === 429 || status >= 500) return true;
  const code = codeOf(body);
  return code === 'IDEMPOTENCY_IN_PROGRESS' || code === 'STALE_WRITE';
}

const codeOf = (body: unknown): string | undefined => (body as { code?: string } | null)?.code;

interface Placed {
  order: PlacedOrder;
  paymentUrl?: string;
}
