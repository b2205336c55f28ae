import { Module } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import { defineService } from '@order-system/service-host/service';
import { undeliveredMail } from './delivery/delivery.consumer.js';
import { ListMessages } from './delivery/list-messages.job.js';
import { MailboxMailer } from './delivery/mailbox-mailer.js';
import { Mailer } from './delivery/mailer.js';
import { SendDeliveries, WIDTH } from './delivery/send-deliveries.job.js';
import { SmtpMailer } from './delivery/smtp-mailer.js';
import { LoggedTextMessages, TextMessages } from './delivery/text-messages.js';
import { notificationFacts } from './notification/notification.consumer.js';
import { NotificationRpc } from './notification/notification.rpc.js';
import {
  NOTIFICATIONS_CONFIG,
  type NotificationsConfig,
  readNotificationsConfig,
} from './notifications.config.js';

@Module({
  controllers: [NotificationRpc],
  providers: [
    { provide: NOTIFICATIONS_CONFIG, useFactory: () => readNotificationsConfig() },
    {
      provide: Mailer,
      inject: [Database, NOTIFICATIONS_CONFIG],
      useFactory: (db: Database, { smtpUrl, from }: NotificationsConfig): Mailer =>
        smtpUrl === undefined
          ? new MailboxMailer(db)
          : new SmtpMailer({ url: smtpUrl, from, connections: WIDTH }),
    },
    { provide: TextMessages, useClass: LoggedTextMessages },
  ],
})
class NotificationsModule {}

export const notifications = defineService({
  name: 'notifications',
  module: NotificationsModule,
  consumers: [notificationFacts, undeliveredMail],
  jobs: [SendDeliveries, ListMessages],
});
