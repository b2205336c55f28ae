import { SessionEnded, UserDeleted, UserUpdated } from '@order-system/contracts/auth.contracts';
import { ChatClosed, ChatMessageSent, ChatRead } from '@order-system/contracts/chat.contracts';
import { type EventContract, routingKey } from '@order-system/contracts/define';
import { AnnouncementMade, NotificationCreated } from '@order-system/contracts/notifications.contracts';
import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  OrderShipped,
  OrderUpdated,
} from '@order-system/contracts/orders.contracts';
import { PaymentFailed, PaymentSucceeded } from '@order-system/contracts/payments.contracts';
import type { EventMessage } from '@order-system/messaging/events';
import type { z } from 'zod';

/** The rooms of Socket.IO. */
export const rooms = {
  everyone: 'everyone',
  admins: 'admins',
  watchers: 'watchers',
  order: (id: string) => `order:${id}`,
  user: (id: string) => `user:${id}`,
  session: (id: string) => `session:${id}`,
};

/** What an event makes the gateway send: once to each socket that is in any of the rooms. */
export interface Push {
  to: string[];
  name: string;
  payload: unknown;
}

/** Of which session or user an event ends the sockets, and makes what is known of their sessions old. */
export interface Cut {
  cut: 'session' | 'user';
  id: string;
}

type Reaction = (event: EventMessage) => Push | Cut | undefined;

/** Events carry the wire form of their data, and so do pushes. */
const when = <E extends EventContract>(
  contract: E,
  react: (data: z.input<E['data']>, event: EventMessage) => Push | Cut | undefined,
): [string, Reaction] => [routingKey(contract), (event) => react(event.data as z.input<E['data']>, event)];

const party = (order: { orderId: string; userId: string }): string[] => [
  rooms.order(order.orderId),
  rooms.user(order.userId),
  rooms.admins,
];

const orderMoved = (order: z.input<typeof OrderUpdated.data>, { occurredAt }: EventMessage): Push => ({
  to: party(order),
  name: 'orderUpdate',
  payload: {
    orderId: order.orderId,
    status: order.status,
    paymentStatus: order.paymentStatus,
    updatedAt: order.updatedAt ?? occurredAt.toISOString(),
  },
});

/** Every push there is, by the event that causes it. */
export const REACTIONS: ReadonlyMap<string, Reaction> = new Map([
  when(OrderCreated, ({ orderId, number, userId, status, total, createdAt }) => ({
    to: [rooms.admins],
    name: 'orderCreated',
    payload: { orderId, number, userId, status, total, createdAt },
  })),
  when(OrderUpdated, orderMoved),
  when(OrderShipped, orderMoved),
  when(OrderCompleted, orderMoved),
  when(OrderCancelled, orderMoved),
  when(PaymentSucceeded, ({ orderId, userId, amount, goesBack }) =>
    goesBack
      ? undefined
      : { to: party({ orderId, userId }), name: 'paymentSuccess', payload: { orderId, amount } },
  ),
  when(PaymentFailed, (payment) => ({
    to: party(payment),
    name: 'paymentFailed',
    payload: { orderId: payment.orderId, message: payment.message },
  })),
  when(ChatMessageSent, ({ message, ownerId }) => ({
    to: party({ orderId: message.orderId, userId: ownerId }),
    name: 'newMessage',
    payload: message,
  })),
  when(ChatRead, ({ orderId, userId, seq }) => ({
    to: [rooms.order(orderId)],
    name: 'messagesRead',
    payload: { orderId, userId, seq },
  })),
  when(ChatClosed, ({ orderId, summary }) => ({
    to: [rooms.order(orderId)],
    name: 'chatClosed',
    payload: { orderId, summary },
  })),
  when(NotificationCreated, ({ userId, notification }) => ({
    to: [rooms.user(userId)],
    name: 'notification',
    payload: notification,
  })),
  when(AnnouncementMade, (announcement) => ({
    to: [rooms.everyone],
    name: 'announcement',
    payload: announcement,
  })),
  when(SessionEnded, ({ sessionId }) => ({ cut: 'session', id: sessionId })),
  when(UserUpdated, ({ userId, changed }) =>
    changed.includes('role') ? { cut: 'user', id: userId } : undefined,
  ),
  when(UserDeleted, ({ userId }) => ({ cut: 'user', id: userId })),
]);
