import { EnterRoom, MarkRead, MessageContent, SendMessage } from '@order-system/contracts/chat.contracts';
import { DomainError } from '@order-system/contracts/errors';
import { invalidFields } from '@order-system/contracts/invalid';
import { Id } from '@order-system/contracts/primitives';
import type { MessageContext } from '@order-system/messaging/context';
import type { RpcClient } from '@order-system/messaging/rpc-client';
import { z } from 'zod';
import { check } from '../http/input.js';
import { rooms } from './pushes.js';
import type { UserSocket } from './socket-auth.js';

/** More rooms than this on one socket is a mistake or an attack. */
const MOST_ROOMS = 200;

const Order = z.strictObject({ orderId: Id });
const Sending = z.strictObject({
  orderId: Id,
  content: MessageContent,
  clientMessageId: SendMessage.input.shape.clientMessageId,
});
const Typing = z.strictObject({ orderId: Id, typing: z.boolean() });
const Watching = z.strictObject({ watch: z.boolean().optional() });

/** Who sent it, and with what it is done. */
interface Sender {
  socket: UserSocket;
  rpc: RpcClient;
  ctx: MessageContext;
}
type Handler = (sender: Sender, payload: unknown) => Promise<Record<string, unknown>>;

/** A handler whose payload has been checked; what it returns joins `{ ok: true }`. */
const handle =
  <S extends z.ZodType>(
    schema: S,
    work: (sender: Sender, input: z.output<S>) => Promise<Record<string, unknown> | void>,
  ): Handler =>
  async (sender, payload) => {
    // To a schema, bytes are an object with a field for each of them.
    const input = check(schema, Buffer.isBuffer(payload) ? null : (payload ?? {}));
    if (!input.success) throw invalidFields(input.error);
    return (await work(sender, input.data)) ?? {};
  };

/** Everything a client may send. Who they are comes from their token alone. */
export const CLIENT_EVENTS: Readonly<Record<string, Handler>> = {
  joinOrder: handle(Order, async ({ socket, rpc, ctx }, { orderId }) => {
    if (socket.rooms.size >= MOST_ROOMS)
      throw new DomainError('RATE_LIMITED', `Leave some orders first: ${MOST_ROOMS} are the most.`);
    const room = await rpc.forward(EnterRoom, { orderId }, ctx);
    await socket.join(rooms.order(orderId));
    return { ...room };
  }),

  leaveOrder: handle(Order, async ({ socket }, { orderId }) => {
    await socket.leave(rooms.order(orderId));
  }),

  sendMessage: handle(Sending, async ({ rpc, ctx }, input) => {
    const message = await rpc.forward(SendMessage, input, ctx);
    return { message };
  }),

  typing: handle(Typing, async ({ socket }, { orderId, typing }) => {
    const room = rooms.order(orderId);
    if (!socket.rooms.has(room)) throw new DomainError('NOT_FOUND', 'Join the order first.');
    socket.to(room).volatile.emit('typing', { orderId, userId: socket.data.actor.id, typing });
  }),

  markRead: handle(MarkRead.input, async ({ rpc, ctx }, input) => {
    return { ...(await rpc.forward(MarkRead, input, ctx)) };
  }),

  watchEvents: handle(Watching, async ({ socket }, { watch = true }) => {
    if (socket.data.actor.role !== 'admin')
      throw new DomainError('FORBIDDEN', 'Only staff may watch events.');
    await (watch ? socket.join(rooms.watchers) : socket.leave(rooms.watchers));
  }),
};
