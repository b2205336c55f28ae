import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { Providers } from '../provider/providers.js';
import { ApplyWebhook } from './apply-webhook.js';
import { type WebhookRow, claimWebhooks, markApplied } from './webhook.store.js';

const BATCH = 100;

/** Applies webhooks that could not be applied at once, or whose process ended first. */
@Injectable()
export class ApplyWebhooks implements Job {
  readonly everyMs = 1000;

  constructor(
    private readonly db: Database,
    private readonly providers: Providers,
    private readonly applying: ApplyWebhook,
  ) {}

  async run(): Promise<void> {
    const due = await claimWebhooks(this.db, BATCH);
    await Promise.all(due.map((row) => this.apply(row)));
  }

  private async apply({ provider, event_id: id, body, attempts, age_ms: ageMs }: WebhookRow): Promise<void> {
    const known = this.providers.find(provider);
    if (!known) return; // Taken up again once the provider is set up.
    const event = known.parseWebhook(body);
    if (!event) return void (await this.db.execute(markApplied({ provider, id }, 'unreadable')));
    await this.applying.hand({ provider, event, attempts, ageMs });
  }
}
