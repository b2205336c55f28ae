import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export interface Received {
  to: string[];
  /** As it came over the wire. */
  raw: string;
  messageId: string;
  subject: string;
}

/** A real SMTP server that keeps what it gets, and misbehaves on request. */
export class TestSmtp {
  readonly received: Received[] = [];
  readonly refused = new Set<string>();
  /** Takes this many mails and goes away before it says so. */
  silent = 0;
  private server: SMTPServer | undefined;
  private readonly sockets = new Set<Socket>();
  private port = 0;

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  mailsTo(address: string): Received[] {
    return this.received.filter(({ to }) => to.includes(address));
  }

  /** On the same port as the last time. */
  async start(): Promise<this> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onRcptTo: ({ address }, _session, done) =>
        done(this.refused.has(address) ? refusal(`<${address}> is not known here`) : null),
      onData: (stream, session, done) => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        text(stream).then((raw) => {
          this.received.push({
            to,
            raw,
            messageId: header(raw, 'Message-ID'),
            subject: header(raw, 'Subject'),
          });
          if (this.silent === 0) return done();
          this.silent -= 1;
          this.hangUp();
        }, done);
      },
    });
    server.on('error', () => undefined);
    server.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', () => resolve()));
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    this.hangUp();
    await closed;
  }

  private hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

const refusal = (message: string): Error => Object.assign(new Error(message), { responseCode: 550 });

function header(raw: string, name: string): string {
  const unfolded = raw.replace(/\r?\n[ \t]+/g, ' ');
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(unfolded)?.[1]?.trim() ?? '';
}
