import { duration, list } from '@order-system/config/blocks';
import { type Environment, readConfig } from '@order-system/config/config';
import { z } from 'zod';

const ADDRESS = /^(?:[^<>\r\n]*<)?([^\s<>@]+@([^\s<>@]+))>?$/;

export const notificationsBlock = z.object({
  /** Without it mail goes into the mailbox. */
  SMTP_URL: z
    .url({
      protocol: /^smtps?$/,
      hostname: /.+/,
      error: 'must be a URL such as smtp://user:password@mail.example:587',
    })
    .optional(),
  MAIL_FROM: z
    .string()
    .regex(ADDRESS, 'must be an address such as Shop <shop@example.com>')
    .default('Order System <no-reply@localhost>'),
  /** Delays between the attempts to send; after the last one the mail is a dead letter. */
  MAIL_RETRY_LADDER: list.pipe(z.array(duration).min(1)).prefault('5s, 30s, 5m, 30m'),
  /** Who has not read a message after this time is away, and gets mail about it. */
  AWAY_AFTER: duration.prefault('30s'),
});

export interface NotificationsConfig {
  smtpUrl: string | undefined;
  from: string;
  /** What stands behind the @ in `from`, and so in every Message-ID. */
  mailDomain: string;
  /** Milliseconds. */
  ladder: readonly number[];
  awayMs: number;
}

/** Throws ConfigError. */
export function readNotificationsConfig(env?: Environment): NotificationsConfig {
  const config = readConfig(notificationsBlock, env);
  return {
    smtpUrl: config.SMTP_URL,
    from: config.MAIL_FROM,
    mailDomain: ADDRESS.exec(config.MAIL_FROM)?.[2] ?? 'localhost',
    ladder: config.MAIL_RETRY_LADDER,
    awayMs: config.AWAY_AFTER,
  };
}

/** Injection token of NotificationsConfig. */
export const NOTIFICATIONS_CONFIG = Symbol('NotificationsConfig');
