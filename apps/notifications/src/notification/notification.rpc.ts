import { Controller } from '@nestjs/common';
import { assertStaff, signedIn } from '@order-system/contracts/actor';
import type { CallInput } from '@order-system/contracts/define';
import {
  Announce,
  GetPreferences,
  ListMailbox,
  ListNotifications,
  ReadAllNotifications,
  ReadNotification,
  SetPreferences,
} from '@order-system/contracts/notifications.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { Clock } from '@order-system/service-host/clock';
import { makeAnnouncement } from './make-announcement.js';
import { listMailbox, listNotifications, readPreferences } from './notification.read.js';
import { readAllNotifications, readNotification } from './read-notification.js';
import { setPreferences } from './set-preferences.js';

@Controller()
export class NotificationRpc {
  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
  ) {}

  @Rpc(ListNotifications)
  async list(input: CallInput<typeof ListNotifications>, { actor }: MessageContext) {
    return listNotifications(this.db, signedIn(actor), input);
  }

  @Rpc(ReadNotification)
  async read(input: CallInput<typeof ReadNotification>, ctx: MessageContext) {
    const own = { ...input, userId: signedIn(ctx.actor) };
    return this.db.inTx((tx) => once(tx, ctx, ReadNotification, input, () => readNotification(tx, own)));
  }

  @Rpc(ReadAllNotifications)
  async readAll(input: CallInput<typeof ReadAllNotifications>, ctx: MessageContext) {
    const own = { userId: signedIn(ctx.actor) };
    return this.db.inTx((tx) =>
      once(tx, ctx, ReadAllNotifications, input, () => readAllNotifications(tx, own)),
    );
  }

  @Rpc(GetPreferences)
  async preferences(_input: CallInput<typeof GetPreferences>, { actor }: MessageContext) {
    return { preferences: await readPreferences(this.db, signedIn(actor)) };
  }

  @Rpc(SetPreferences)
  async setPreferences({ preferences }: CallInput<typeof SetPreferences>, { actor }: MessageContext) {
    const userId = signedIn(actor);
    await this.db.inTx((tx) => setPreferences(tx, { userId, preferences }));
    return { preferences: await readPreferences(this.db, userId) };
  }

  @Rpc(ListMailbox)
  async mailbox(input: CallInput<typeof ListMailbox>, { actor }: MessageContext) {
    assertStaff(actor, 'read the mailbox');
    return listMailbox(this.db, input);
  }

  @Rpc(Announce)
  async announce(input: CallInput<typeof Announce>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'announce');
    const announcement = { ...input, at: this.clock.now() };
    return this.db.inTx((tx) =>
      once(tx, ctx, Announce, input, () => makeAnnouncement(tx, announcement, ctx)),
    );
  }
}
