import { Batch } from '@order-system/messaging/batch';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { type Mail, Mailer } from './mailer.js';

const MOST_TOGETHER = 20;

/** Keeps mail where admins can read it, for a system that has no SMTP server. */
export class MailboxMailer extends Mailer {
  private readonly inserts = new Batch<Mail, void>((mails) => this.store(mails), MOST_TOGETHER);

  constructor(private readonly db: Database) {
    super();
  }

  send(mail: Mail): Promise<void> {
    return this.inserts.add(mail);
  }

  close(): void {
    // The database belongs to the host.
  }

  /**
   * On the disk with the mark that it was sent, which follows. What was withdrawn meanwhile is left out: its person's account
   * may be gone, and whoever removes their mails has been here.
   */
  private async store(mails: Mail[]): Promise<PromiseSettledResult<void>[]> {
    const rows = mails.map(({ id, to, subject, text, html, messageId }) => ({
      id,
      subject,
      text,
      html,
      to: to.address,
      message_id: messageId,
    }));
    const [outcome] = await Promise.allSettled([
      this.db.relaxed.execute(sql`
        INSERT INTO notifications.mail (id, "to", subject, text, html, message_id)
        SELECT id, "to", subject, text, html, message_id FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          AS m(id uuid, "to" text, subject text, text text, html text, message_id text)
        WHERE id IN (
          SELECT id FROM notifications.delivery WHERE id = ANY(${rows.map(({ id }) => id)}) AND status <> 'WITHDRAWN'
          FOR SHARE)
        ON CONFLICT DO NOTHING`),
    ]);
    return mails.map(() =>
      outcome.status === 'rejected' ? outcome : { status: 'fulfilled', value: undefined },
    );
  }
}
