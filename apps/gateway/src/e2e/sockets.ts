import { createHmac } from 'node:crypto';
import type { ChatMessage, EnterRoom, MarkRead, Room } from '@order-system/contracts/chat.contracts';
import type { WireOutput } from '@order-system/contracts/define';
import type { ErrorCode } from '@order-system/contracts/errors';
import { eventually } from '@order-system/messaging/testing/eventually';
import { e2e } from '@order-system/testing/e2e';
import { inTurn } from '@order-system/testing/system';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type { z } from 'zod';
import { type Client, type Order, type Placed, times } from './client.js';

export type Message = z.input<typeof ChatMessage>;
export type ChatRoom = z.input<typeof Room>;

const ANSWER_MS = 15_000;

/** What a client may send, and what the answer has besides `ok`. */
interface Events {
  joinOrder: [{ orderId: string }, WireOutput<typeof EnterRoom>];
  leaveOrder: [{ orderId: string }, object];
  sendMessage: [{ orderId: string; content: string; clientMessageId?: string }, { message: Message }];
  typing: [{ orderId: string; typing: boolean }, object];
  markRead: [{ orderId: string; seq: number }, WireOutput<typeof MarkRead>];
  watchEvents: [{ watch?: boolean } | undefined, object];
}

export type Refused = { ok: false; code: ErrorCode; message: string };

export interface Push<T = Record<string, unknown>> {
  name: string;
  payload: T;
}

type Options = Partial<ManagerOptions & SocketOptions>;

const open = new Set<Socket>();
const door = inTurn();

/** A connection of somebody, and all that was pushed to it, in order. */
export class Wire {
  readonly pushes: Push[] = [];
  /** Why the server, or the network, ended it. */
  ended: string | undefined;

  constructor(
    readonly socket: Socket,
    readonly client: Client,
  ) {
    socket.onAny((name: string, ...payloads: unknown[]) => {
      if (payloads.length !== 1) throw new Error(`${name} came with ${payloads.length} payloads`);
      this.pushes.push({ name, payload: payloads[0] as Record<string, unknown> });
    });
    socket.on('disconnect', (reason) => (this.ended = reason));
  }

  /** The answer to an event that has to be a success. */
  async ask<N extends keyof Events>(name: N, payload: Events[N][0]): Promise<Events[N][1]> {
    const answer = await this.send(name, payload);
    if (answer['ok'] !== true) throw new Error(`${name}: ${JSON.stringify(answer)}`);
    return answer as Events[N][1];
  }

  /** Whatever the answer is, to whatever event. */
  send(name: string, ...payload: unknown[]): Promise<Record<string, unknown>> {
    return this.socket.timeout(ANSWER_MS).emitWithAck(name, ...payload) as Promise<Record<string, unknown>>;
  }

  join(orderId: string): Promise<WireOutput<typeof EnterRoom>> {
    return this.ask('joinOrder', { orderId });
  }

  /** The payloads of one kind of push that are about an order. */
  about<T = Record<string, unknown>>(name: string, orderId: string): T[] {
    return this.pushes
      .filter((push) => push.name === name && push.payload['orderId'] === orderId)
      .map(({ payload }) => payload as T);
  }

  /** The first push of a kind with these fields, once it has come. */
  saw<T = Record<string, unknown>>(name: string, fields: Record<string, unknown>): Promise<T> {
    return eventually(() => {
      const found = this.pushes.find(
        (push) =>
          push.name === name &&
          Object.entries(fields).every(([field, value]) => push.payload[field] === value),
      );
      if (!found) throw new Error(`no ${name} with ${JSON.stringify(fields)}`);
      return found.payload as T;
    });
  }
}

/** Connects with a token of one's choice; rejects with what `connect_error` says. */
export async function connectWith(client: Client, options: Options): Promise<Wire> {
  const socket = io(door(client.url), { forceNew: true, transports: ['websocket'], ...options });
  open.add(socket);
  const wire = new Wire(socket, client);
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error) => {
      socket.disconnect();
      reject(error);
    };
    socket.once('connect_error', refused);
    // Later on it may have to try more than once.
    socket.once('connect', () => {
      socket.off('connect_error', refused);
      resolve();
    });
  });
  return wire;
}

/** Connects as this client. */
export const connect = (client: Client, options: Options = {}): Promise<Wire> =>
  connectWith(client, { auth: { token: client.session?.token }, ...options });

/** For `afterEach`. */
export function closeWires(): void {
  for (const socket of open) socket.disconnect();
  open.clear();
}

export const WRONG_TOKEN = 'Authentication error';

/** The token with other claims, signed as the system signs. */
export function reissue(token: string, claims: Record<string, unknown>): string {
  const [head = '', body = ''] = token.split('.');
  const all = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), ...claims };
  const signed = `${head}.${Buffer.from(JSON.stringify(all)).toString('base64url')}`;
  const signature = createHmac('sha256', e2e.jwtSecret).update(signed);
  return `${signed}.${signature.digest('base64url')}`;
}

/** A new order for something made to order, and its room. */
export async function givenRoom(owner: Client): Promise<Order> {
  const body = { description: 'An oak table', specifications: { wood: 'oak' }, quantity: 1 };
  return (await owner.ask<Placed>('POST', '/orders', body)).order;
}

/** A second admin: somebody who was made one, and will be none again. */
export async function asAdmin<T>(
  admin: Client,
  user: Client,
  work: (other: Client) => Promise<T>,
): Promise<T> {
  const setRole = (role: string) => admin.ask('PATCH', `/users/${user.userId}/role`, { role });
  await setRole('admin');
  try {
    return await work(await user.logIn(user.session?.user.email ?? ''));
  } finally {
    await setRole('user');
  }
}

/** Every message of a room from `after` on, page by page. */
export async function readMessages(client: Client, orderId: string, after = 0): Promise<Message[]> {
  const found: Message[] = [];
  for (;;) {
    const from = found.at(-1)?.seq ?? after;
    const path = `/chat/${orderId}/messages?after=${from}&limit=100`;
    const page = await client.ask<Message[]>('GET', path);
    found.push(...page);
    if (page.length < 100) return found;
  }
}

/** 1, 2, ... count */
export const upTo = (count: number): number[] => times(count, (index) => index + 1);
