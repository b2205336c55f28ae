import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { GetContacts } from '@order-system/contracts/auth.contracts';
import type { CallOutput } from '@order-system/contracts/define';
import { systemContext } from '@order-system/messaging/context';
import { crashPoint } from '@order-system/messaging/crash-point';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { NOTIFICATIONS_CONFIG, type NotificationsConfig } from '../notifications.config.js';
import { UNLESS_READ } from '../notification/channels.rules.js';
import {
  type Claimed,
  claimDeliveries,
  markFailed,
  markSent,
  postpone,
  putBack,
  READ_MEANWHILE,
  withdraw,
} from './delivery.store.js';
import { DeliveryError, Mailer } from './mailer.js';
import { renderMail } from './render-mail.js';
import { TextMessages } from './text-messages.js';

const log = logger('notifications');
/** Deliveries under way at a time, and connections to the SMTP server. */
export const WIDTH = 5;
/** Claimed, and marked, together. */
const BATCH = 20;
/** No delivery of a batch is begun after so long: with what sending one takes at most, and marking, less than a lease. */
const BEGINNING_MS = 10_000;
const MARKING_MS = 60_000;
const MARK_AGAIN_MS = 500;
/** When nobody could be asked where to. */
const ASK_AGAIN_MS = 5000;

type Contact = CallOutput<typeof GetContacts>['contacts'][number];

/**
 * Sends what is due. Deliveries are leased to one process, sent with no transaction open, and then marked; when the
 * process dies in between they are sent again under the same Message-ID, by which mail programs drop the second.
 */
@Injectable()
export class SendDeliveries implements Job, OnModuleDestroy {
  readonly everyMs = 500;
  private current: Promise<unknown> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly db: Database,
    private readonly rpc: RpcClient,
    private readonly mailer: Mailer,
    private readonly texts: TextMessages,
    @Inject(NOTIFICATIONS_CONFIG) private readonly config: NotificationsConfig,
  ) {}

  async run(): Promise<void> {
    this.current = this.sendAllDue();
    await this.current;
  }

  /** Finishes what is under way, while there is still a connection to do it with. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    // How it went is the runner's to report.
    await this.current.catch(() => undefined);
    this.mailer.close();
  }

  private async sendAllDue(): Promise<void> {
    while (!this.stopping) {
      const due = await claimDeliveries(this.db, {
        channels: ['EMAIL', 'SMS'],
        most: BATCH,
        awayMs: this.config.awayMs,
      });
      if (due.length === 0) return;
      const people = await this.contactsOf(due);
      if (people === undefined) {
        const ids = due.map(({ id }) => id);
        await putBack(this.db, ids, ASK_AGAIN_MS);
        return;
      }
      await this.sendBatch(due, people);
      if (due.length < BATCH) return;
    }
  }

  private async sendBatch(due: Claimed[], people: Map<string, Contact>): Promise<void> {
    const until = performance.now() + BEGINNING_MS;
    const sent: Claimed[] = [];
    const waiting = [...due];
    const lane = async () => {
      while (waiting.length > 0 && performance.now() < until) {
        const next = waiting.shift()!;
        if (await this.deliver(next, people)) sent.push(next);
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: WIDTH }, lane));
    crashPoint('notify.sent_before_mark');
    if (sent.length > 0) await this.mark(sent);
    const notBegun = waiting.map(({ id }) => id);
    if (notBegun.length > 0) await putBack(this.db, notBegun, 0);
    // What was sent is marked, whatever became of the others.
    const failed = lanes.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** What is sent and not marked would be sent again: while it is ours, a database that is away is waited for. */
  private async mark(sent: readonly Claimed[]): Promise<void> {
    for (const until = performance.now() + MARKING_MS; ; await pause(MARK_AGAIN_MS))
      try {
        return await this.db.inTx((tx) => markSent(tx, sent));
      } catch (err) {
        if (this.stopping || performance.now() > until) throw err;
        log.warn({ err }, 'mails that were sent could not be marked; trying again');
      }
  }

  /** Undefined when auth could not be asked. */
  private async contactsOf(due: Claimed[]): Promise<Map<string, Contact> | undefined> {
    try {
      const ids = [...new Set(due.map(({ userId }) => userId))];
      const { contacts } = await this.rpc.call(GetContacts, { ids }, systemContext());
      return new Map(contacts.map((contact) => [contact.id, contact]));
    } catch (err) {
      log.warn({ err }, 'deliveries wait: nobody knows where to');
      return undefined;
    }
  }

  /** True when it is on its way; anything else has been noted. */
  private async deliver(delivery: Claimed, people: Map<string, Contact>): Promise<boolean> {
    const { kind, isRead, userId } = delivery;
    if (isRead && UNLESS_READ.includes(kind)) {
      await withdraw(this.db, [delivery], READ_MEANWHILE);
      return false;
    }
    const contact = people.get(userId);
    if (!contact) {
      // Before the news of it, which withdraws the rest.
      await withdraw(this.db, [delivery], 'the account is gone');
      return false;
    }
    try {
      const isSent = await this.send(delivery, contact);
      if (!isSent) await withdraw(this.db, [delivery], 'there is no phone number');
      return isSent;
    } catch (error) {
      await this.fail(delivery, asDeliveryError(error));
      return false;
    }
  }

  /** False when there is nowhere to send it to. */
  private async send(delivery: Claimed, { name, email, phone }: Contact): Promise<boolean> {
    const { id, channel, title, body, data } = delivery;
    if (channel === 'SMS') {
      if (phone === null) return false;
      await this.texts.send({ id, to: phone, text: title });
      return true;
    }
    const letter = {
      deliveryId: id,
      title,
      body,
      link: data.link,
      to: { name, email },
      domain: this.config.mailDomain,
    };
    await this.mailer.send(renderMail(letter));
    return true;
  }

  private async fail(delivery: Claimed, { message: error, isPermanent }: DeliveryError): Promise<void> {
    const { id, attempts, correlationId } = delivery;
    const about = { delivery: id, attempts, correlationId, error };
    const delayMs = this.config.ladder[attempts - 1];
    if (isPermanent || delayMs === undefined) {
      log.error(about, 'a delivery is now a dead letter');
      return this.db.inTx((tx) => markFailed(tx, delivery, error));
    }
    log.warn(about, 'a delivery will be tried again');
    await postpone(this.db, id, { delayMs, error });
  }
}

/** Without what the error says of the person. */
const asDeliveryError = (error: unknown): DeliveryError =>
  error instanceof DeliveryError
    ? error
    : new DeliveryError(error instanceof Error ? error.name : 'unknown error');
