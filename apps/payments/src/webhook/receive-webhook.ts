import { Injectable } from '@nestjs/common';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { ReceiveWebhook as ReceiveCall } from '@order-system/contracts/payments.contracts';
import { crashPoint } from '@order-system/messaging/crash-point';
import { Database } from '@order-system/prisma/database';
import { Providers } from '../provider/providers.js';
import { ApplyWebhook } from './apply-webhook.js';
import { insertWebhook } from './webhook.store.js';

/** Stores a webhook that is genuine, once; what it means is found out after the answer. */
@Injectable()
export class ReceiveWebhook {
  constructor(
    private readonly db: Database,
    private readonly providers: Providers,
    private readonly applying: ApplyWebhook,
  ) {}

  async execute(input: CallInput<typeof ReceiveCall>): Promise<CallOutput<typeof ReceiveCall>> {
    const provider = this.providers.find(input.provider);
    const body = Buffer.from(input.body, 'base64');
    if (!provider || !(await provider.isGenuine({ headers: input.headers, body }))) throw notGenuine();
    const text = body.toString('utf8');
    const event = provider.parseWebhook(text);
    if (!event) throw notGenuine();
    const isNew = await insertWebhook(this.db, provider.name, event, text);
    crashPoint('webhook.saved_before_200');
    if (isNew) void this.applying.hand({ provider: provider.name, event, attempts: 1, ageMs: 0 });
    return {};
  }
}

const notGenuine = (): DomainError =>
  new DomainError('WEBHOOK_NOT_GENUINE', 'The webhook is not signed by the provider, or not now.');
