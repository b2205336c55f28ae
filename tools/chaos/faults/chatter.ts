import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Shopper } from '@order-system/testing/shopper';
import { io, type Socket } from 'socket.io-client';

const PAGE = 100;
const ACK_WITHIN_MS = 8000;
const AGAIN_MS = 200;
const PATIENCE_MS = 120_000;
/** Of the server: it comes back by itself from everything but a token that has expired. */
const SENT_AWAY = 'io server disconnect';

interface Message {
  readonly id: string;
  readonly orderId: string;
  readonly seq: number;
}

type Ack = { ok: true; message: Message } | { ok: false; code: string; message: string };

interface ChatterOptions {
  /** The gateway, or whoever stands before it. */
  readonly url: string;
  readonly orderId: string;
  /** A new token when the old one has expired. */
  readonly logIn: () => Promise<unknown>;
}

/** A member of an order's room: hears pushes, and asks for what is missing after every gap and every break. */
export class Chatter {
  /** Ids in the order of the room. */
  readonly heard: string[] = [];
  /** Ids of what was said and acknowledged. */
  readonly said: string[] = [];
  breaks = 0;
  expired = 0;
  readonly #shopper: Shopper;
  readonly #options: ChatterOptions;
  readonly #socket: Socket;
  #asking: Promise<void> | undefined;

  constructor(shopper: Shopper, options: ChatterOptions) {
    this.#shopper = shopper;
    this.#options = options;
    this.#socket = io(options.url, {
      auth: (give) => give({ token: shopper.token }),
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelayMax: 1000,
    });
    this.#socket.on('connect', () => void this.#join());
    this.#socket.on('newMessage', (message: Message) => this.#take(message));
    this.#socket.on('disconnect', (reason) => {
      this.breaks += 1;
      if (reason === SENT_AWAY) void this.#comeBack();
    });
    this.#socket.on('connect_error', () => {
      if (!this.#socket.active) void this.#comeBack();
    });
  }

  /** Insists until it is acknowledged. */
  async say(content: string): Promise<void> {
    const { orderId } = this.#options;
    const sent = { orderId, content, clientMessageId: randomUUID() };
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const [at, from] = [new Date(), performance.now()];
      const ack = await this.#emit('sendMessage', sent);
      if (ack?.ok) {
        const told = {
          request: 'SOCKET sendMessage',
          sent,
          key: undefined,
          at,
          ms: performance.now() - from,
        };
        this.#shopper.history.push({ ...told, status: 201, body: ack });
        this.said.push(ack.message.id);
        return;
      }
      if (Date.now() > until) throw new Error(`${content}: ${JSON.stringify(ack)} for ${PATIENCE_MS} ms`);
      await pause(AGAIN_MS);
    }
  }

  /** Asks once more for what came after the last one; resolves when all of it is here. */
  async catchUp(): Promise<void> {
    await this.#asking;
    await this.#askAll();
  }

  leave(): void {
    this.#socket.disconnect();
  }

  #emit(name: string, payload: object): Promise<Ack | undefined> {
    return this.#socket
      .timeout(ACK_WITHIN_MS)
      .emitWithAck(name, payload)
      .then(
        (ack) => ack as Ack,
        () => undefined,
      );
  }

  async #join(): Promise<void> {
    const { orderId } = this.#options;
    while (this.#socket.connected && !(await this.#emit('joinOrder', { orderId }))?.ok) await pause(AGAIN_MS);
    this.#ask();
  }

  async #comeBack(): Promise<void> {
    this.expired += 1;
    await this.#options.logIn().catch(() => undefined);
    this.#socket.connect();
  }

  #take({ id, orderId, seq }: Message): void {
    const next = this.heard.length + 1;
    if (orderId !== this.#options.orderId || seq < next) return;
    if (seq === next) this.heard.push(id);
    else this.#ask();
  }

  /** One at a time; what comes meanwhile is part of the answer, or leads here again. */
  #ask(): void {
    this.#asking ??= this.#askAll()
      .catch(() => undefined)
      .finally(() => (this.#asking = undefined));
  }

  async #askAll(): Promise<void> {
    const { orderId } = this.#options;
    for (;;) {
      const after = this.heard.length;
      const path = `GET /api/chat/${orderId}/messages?after=${after}&limit=${PAGE}`;
      const { data } = (await this.#shopper.insist(path)) as { data: Message[] };
      for (const message of data) this.#take(message);
      if (data.length < PAGE) return;
    }
  }
}
