import { request as sendPlainly } from 'node:http';
import { request as sendSecurely } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Database } from '@order-system/prisma/database';
import { logger } from '@order-system/observability/logger';
import { Lane } from '../lane.js';
import { retryDelayMs } from '../retry-delay.js';
import { sign } from '../webhook/signature.js';
import { type OutgoingWebhook, markDelivered, postpone } from './sandbox.store.js';

const log = logger('payments.sandbox');
const PATIENCE_MS = 5000;
const WIDTH = 32;
const LONGEST_QUEUE = 2000;
/** What is delivered meanwhile is marked together; until then, and after a crash, it would be delivered again. */
const GATHER_MS = 100;

type Delivery = OutgoingWebhook & { attempts: number };

/** Delivers the sandbox's webhooks over HTTP, as any provider would: signed, retried until the answer is 200. */
export class Courier implements OnModuleDestroy {
  private readonly lane = new Lane<Delivery>((webhook) => this.deliver(webhook), {
    width: WIDTH,
    longest: LONGEST_QUEUE,
    onError: (error) => log.error({ err: error }, 'a sandbox webhook could not be put off'),
  });
  private delivered: string[] = [];
  private marking: Promise<void> | undefined;

  constructor(
    private readonly db: Database,
    private readonly options: { url: string; secret: string; now: () => Date },
  ) {}

  /** Resolves after the try, whatever its outcome. */
  hand(webhook: Delivery): Promise<void> {
    return this.lane.push(webhook);
  }

  async onModuleDestroy(): Promise<void> {
    await this.lane.close();
    await this.marking;
  }

  private async deliver({ id, body, attempts }: Delivery): Promise<void> {
    const failure = await this.post(body);
    if (failure === undefined) return this.mark(id);
    log.warn({ webhook: id, attempts, failure }, 'a sandbox webhook was not accepted');
    await postpone(this.db, id, retryDelayMs(attempts));
  }

  /** Undefined when it was accepted. By node:http: fetch takes three times as long, for what is not needed here. */
  private post(body: string): Promise<string | undefined> {
    const { url, secret, now } = this.options;
    const send = url.startsWith('https:') ? sendSecurely : sendPlainly;
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'sandbox-signature': sign(body, secret, now()),
    };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return new Promise((resolve) => {
      const request = send(url, { method: 'POST', headers, signal }, (response) => {
        const { statusCode } = response;
        // Read to the end, or the connection cannot be used again.
        response.resume().once('close', () => {
          const failure = response.complete ? `status ${statusCode}` : 'the answer broke off';
          resolve(response.complete && statusCode === 200 ? undefined : failure);
        });
      });
      request.on('error', ({ message }) => resolve(message)).end(body);
    });
  }

  private mark(id: string): void {
    this.delivered.push(id);
    this.marking ??= this.markAll().finally(() => (this.marking = undefined));
  }

  private async markAll(): Promise<void> {
    while (this.delivered.length > 0) {
      await pause(GATHER_MS);
      const ids = this.delivered;
      this.delivered = [];
      try {
        await markDelivered(this.db, ids);
      } catch (error) {
        // They will be delivered again, which the receiver has to bear anyway.
        log.warn({ err: error, webhooks: ids.length }, 'delivered sandbox webhooks could not be marked');
      }
    }
  }
}
