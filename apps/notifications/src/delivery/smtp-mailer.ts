import { createTransport } from 'nodemailer';
import { DeliveryError, type Mail, Mailer } from './mailer.js';

const CONNECT_MS = 5000;
const SILENCE_MS = 10_000;
/** In all, also when the server says a word now and then; well within a delivery's lease. */
const PATIENCE_MS = 40_000;

interface SmtpOptions {
  url: string;
  from: string;
  connections: number;
}

export class SmtpMailer extends Mailer {
  private readonly transport;

  constructor({ url, from, connections }: SmtpOptions) {
    super();
    const timeouts = {
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
    };
    // Nothing that a mail contains may make this process read files or addresses.
    const defaults = { from, disableFileAccess: true, disableUrlAccess: true };
    this.transport = createTransport({ url, pool: true, maxConnections: connections, ...timeouts }, defaults);
  }

  async send({ to, subject, text, html, messageId }: Mail): Promise<void> {
    const headers = { 'Auto-Submitted': 'auto-generated' };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      await this.transport.sendMail({ to, subject, text, html, messageId, headers, signal });
    } catch (error) {
      throw toDeliveryError(error);
    }
  }

  close(): void {
    this.transport.close();
  }
}

/** What the server refuses for good is about the recipient or the mail; all else, also a wrong login, can be mended. */
export function toDeliveryError(error: unknown): DeliveryError {
  const { code, command, responseCode } = error as { code?: string; command?: string; responseCode?: number };
  const isAboutMail = command === 'RCPT TO' || command === 'DATA' || code === 'EENVELOPE';
  const isRefused = responseCode !== undefined && responseCode >= 500;
  // Its message is left out: servers repeat the address in their answers.
  const what = ['SMTP', code, responseCode, command && `at ${command}`].filter(Boolean).join(' ');
  return new DeliveryError(what, isRefused && isAboutMail);
}
