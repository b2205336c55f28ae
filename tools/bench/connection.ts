import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const ANSWER_WITHIN_MS = 15_000;

/**
 * One kept HTTP/1.1 connection with one request at a time. It shares the machine with what it measures, so it does
 * no more than this API needs: bodies have a content-length.
 */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  get(path: string, token?: string): Promise<Answer> {
    return this.send(`GET ${path} HTTP/1.1\r\n${this.#headers(token)}\r\n`);
  }

  post(path: string, body: unknown, headers: { token?: string; key?: string } = {}): Promise<Answer> {
    const text = JSON.stringify(body);
    const key = headers.key === undefined ? '' : `idempotency-key: ${headers.key}\r\n`;
    const about = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
    return this.send(`POST ${path} HTTP/1.1\r\n${this.#headers(headers.token)}${key}${about}\r\n${text}`);
  }

  /** Sends a request as it is. */
  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#open().write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #headers(token: string | undefined): string {
    const authorization = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
    return `host: ${this.#host}:${this.#port}\r\n${authorization}`;
  }

  #open(): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    this.#received = Buffer.alloc(0);
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true, timeout: ANSWER_WITHIN_MS });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('timeout', () => this.#fail(new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
    this.#socket = socket;
    return socket;
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined && status !== 204) return this.#fail(new Error(`no content-length:\n${head}`));
    const bodyAt = headEnd + HEAD_END.length;
    const end = bodyAt + Number(length ?? 0);
    if (this.#received.length < end) return;
    const body = this.#received.toString('utf8', bodyAt, end);
    this.#received = this.#received.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status, body });
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#socket?.destroy();
    waiting?.reject(error);
  }
}
