import { randomBytes } from 'node:crypto';
import { toMinor } from '@order-system/contracts/money';
import { Id } from '@order-system/contracts/primitives';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { z } from 'zod';
import type { ProviderAnswer } from '../payment/payment.rules.js';
import type { Courier } from '../sandbox/courier.js';
import {
  type SessionRow,
  closeSession,
  expireSession,
  findSessionByKey,
  openSession,
  refundSession,
} from '../sandbox/sandbox.store.js';
import { isSigned } from '../webhook/signature.js';
import type {
  AttemptRef,
  PaymentProvider,
  ProviderEvent,
  RefundAnswer,
  RefundRequest,
  StartRequest,
  WebhookRequest,
} from './payment-provider.js';

const SUCCEEDED = 'payment.succeeded';
const FAILED = 'payment.failed';
const DECLINED = 'The payment was declined.';

/** The cards that the sandbox knows, and what it says when it refuses one. */
const CARDS = new Map<string, { status: 'PAID' | 'DECLINED'; message: string }>([
  ['pm_sandbox_ok', { status: 'PAID', message: '' }],
  ['pm_sandbox_declined', { status: 'DECLINED', message: 'The card was declined.' }],
]);
const UNKNOWN_CARD = { status: 'DECLINED', message: 'The card is not known.' } as const;

const Body = z.object({
  id: z.string().regex(/^[\w.-]{1,100}$/),
  type: z.string().regex(/^[\w.-]{1,100}$/),
  data: z.unknown(),
});
const Data = z.object({ sessionId: Id, paymentId: Id, amount: z.number(), currency: z.string().max(10) });

interface SandboxOptions {
  publicUrl: string;
  secrets: readonly string[];
  now: () => Date;
}

/** The built-in provider. It needs no account, and is spoken to as if it were a company elsewhere. */
export class SandboxProvider implements PaymentProvider {
  readonly name = 'SANDBOX';

  constructor(
    private readonly db: Database,
    private readonly courier: Courier,
    private readonly options: SandboxOptions,
  ) {}

  async start(request: StartRequest): Promise<ProviderAnswer> {
    const session = await openSession(this.db, {
      id: newId(),
      secret: randomBytes(24).toString('base64url'),
      idempotency_key: request.paymentId,
      payment_id: request.paymentId,
      order_id: request.orderId,
      amount: request.amount,
      currency: request.currency,
    });
    if (!session) return { state: 'unknown', reason: 'the session vanished' };
    const isSame = session.amount === request.amount && session.currency === request.currency;
    if (!isSame) return { state: 'unknown', reason: 'the key was used for another amount' };
    return request.flow === 'BACKEND' ? this.charge(session, request.methodId ?? '') : this.answer(session);
  }

  async lookUp({ paymentId, providerRef }: AttemptRef): Promise<ProviderAnswer> {
    const session = await findSessionByKey(this.db, paymentId);
    if (!session || (providerRef !== null && providerRef !== session.id)) return { state: 'missing' };
    return this.answer(session);
  }

  async cancel({ paymentId }: AttemptRef): Promise<ProviderAnswer> {
    const session = await expireSession(this.db, paymentId);
    return session ? this.answer(session) : { state: 'missing' };
  }

  async refund({ refundId, paymentId, amount }: RefundRequest): Promise<RefundAnswer> {
    const session = await findSessionByKey(this.db, paymentId);
    if (!session) return { state: 'refused', reason: 'there is no such session' };
    const refund = await refundSession(this.db, { key: refundId, sessionId: session.id, amount });
    if (refund?.amount === 0) return { state: 'refused', reason: 'it is more than what is left' };
    if (refund?.amount !== amount) return { state: 'refused', reason: 'the key was used for another amount' };
    return { state: 'refunded', ref: `sandbox_refund_${refundId}` };
  }

  async isGenuine({ headers, body }: WebhookRequest): Promise<boolean> {
    return isSigned(headers['sandbox-signature'], body, this.options.secrets, this.options.now());
  }

  parseWebhook(text: string): ProviderEvent | undefined {
    const body = Body.safeParse(parseJson(text));
    if (!body.success) return undefined;
    const { id, type } = body.data;
    if (type !== SUCCEEDED && type !== FAILED) return { id, type, about: null };
    const data = Data.safeParse(body.data.data);
    if (!data.success) return undefined;
    const { paymentId, sessionId, amount, currency } = data.data;
    // An amount that the currency cannot have is no amount of ours.
    const claim = { succeeded: type === SUCCEEDED, amount: toMinor(amount) ?? -1, currency };
    return { id, type, about: { paymentId, providerRef: sessionId, claim } };
  }

  private async charge(session: SessionRow, methodId: string): Promise<ProviderAnswer> {
    const card = CARDS.get(methodId) ?? UNKNOWN_CARD;
    const webhook = await closeSession(this.db, session, card.status);
    if (webhook) void this.courier.hand({ ...webhook, attempts: 1 });
    const after = webhook
      ? { ...session, status: card.status }
      : await findSessionByKey(this.db, session.payment_id);
    return this.answer(after ?? session, card.message);
  }

  private answer(session: SessionRow, message = DECLINED): ProviderAnswer {
    const { id: ref, payment_id: paymentId, amount, currency } = session;
    switch (session.status) {
      case 'OPEN':
        return { state: 'open', ref, paymentUrl: this.linkTo(session) };
      case 'PAID':
        return { state: 'captured', ref, paymentId, amount, currency, receipt: `sandbox_${ref}` };
      case 'DECLINED':
        return { state: 'failed', ref, message };
      case 'EXPIRED':
        return { state: 'cancelled', ref };
    }
  }

  private linkTo({ id, secret }: SessionRow): string {
    return `${this.options.publicUrl}/api/payments/sandbox/${id}?secret=${encodeURIComponent(secret)}`;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
