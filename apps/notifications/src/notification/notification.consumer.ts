import { UserCreated, UserDeleted } from '@order-system/contracts/auth.contracts';
import { ChatClosed, ChatMessageSent, ChatRead } from '@order-system/contracts/chat.contracts';
import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  type OrderFact,
  OrderShipped,
  OrderUpdated,
} from '@order-system/contracts/orders.contracts';
import {
  PaymentFailed,
  PaymentRefunded,
  PaymentStarted,
  PaymentSucceeded,
} from '@order-system/contracts/payments.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import type { MessageContext } from '@order-system/messaging/context';
import type { ReceivedEvent } from '@order-system/messaging/events';
import type { Tx } from '@order-system/prisma/database';
import { forgetPerson } from './forget-person.js';
import { noteMessage } from './note-message.js';
import { markMessagesRead, orderNumber, rememberNumber } from './notification.store.js';
import { type News, notifyPerson } from './notify-person.js';
import {
  orderMoved,
  orderPlaced,
  paymentDue,
  paymentFailed,
  paymentRefunded,
  paymentSucceeded,
  roomClosed,
  type Text,
  welcome,
} from './texts.rules.js';

type OrderNews = { orderId: string; userId: string; number?: number };

/** Of an event about an order to the person it belongs to. */
const tellOwner =
  <D extends OrderNews>(kind: News['kind'], write: (data: D, number?: number) => Text) =>
  async (tx: Tx, { id: eventId, data }: ReceivedEvent<D>, ctx: MessageContext): Promise<void> => {
    const { orderId, userId } = data;
    if (data.number !== undefined) rememberNumber(orderId, data.number);
    const text = write(data, data.number ?? (await orderNumber(tx, orderId)));
    await notifyPerson(tx, { eventId, userId, kind, orderId, ...text }, ctx);
  };

const tellOfMove = async (tx: Tx, event: ReceivedEvent<OrderFact>, ctx: MessageContext): Promise<void> => {
  if (event.data.status === event.data.previousStatus) return;
  await tellOwner<OrderFact>('ORDER_STATUS', orderMoved)(tx, event, ctx);
};

/**
 * Facts that people are told of. It may run again for every event: what was told has its row, so nothing is sent twice.
 */
export const notificationFacts = consumer(
  'notifications.facts',
  [
    on(UserCreated, (tx, { id: eventId, data: { userId } }, ctx) =>
      notifyPerson(tx, { eventId, userId, kind: 'WELCOME', ...welcome() }, ctx),
    ),
    on(UserDeleted, (tx, { data }) => forgetPerson(tx, data)),
    on(OrderCreated, tellOwner('ORDER_PLACED', orderPlaced)),
    on(OrderUpdated, tellOfMove),
    on(OrderShipped, tellOfMove),
    on(OrderCompleted, tellOfMove),
    on(OrderCancelled, tellOfMove),
    on(PaymentStarted, async (tx, { id: eventId, data, actor }, ctx) => {
      const { paymentUrl: link, orderId, userId } = data;
      // Who starts a payment is answered with the link; one that the system started (a quote) is known to nobody yet.
      if (link === undefined || actor.role !== 'system') return;
      const text = paymentDue({ ...data, link }, await orderNumber(tx, orderId));
      await notifyPerson(tx, { eventId, userId, kind: 'PAYMENT_DUE', orderId, data: { link }, ...text }, ctx);
    }),
    on(PaymentSucceeded, async (tx, event, ctx) => {
      // Such a payment is told of once: when its money goes back.
      if (event.data.goesBack) return;
      await tellOwner('PAYMENT_SUCCEEDED', paymentSucceeded)(tx, event, ctx);
    }),
    on(PaymentFailed, tellOwner('PAYMENT_FAILED', paymentFailed)),
    on(PaymentRefunded, tellOwner('PAYMENT_REFUNDED', paymentRefunded)),
    on(ChatClosed, async (tx, { id: eventId, data: { orderId, ownerId: userId, summary } }, ctx) => {
      const text = roomClosed(summary, await orderNumber(tx, orderId));
      await notifyPerson(tx, { eventId, userId, kind: 'ROOM_CLOSED', orderId, ...text }, ctx);
    }),
    on(ChatMessageSent, (tx, { id: eventId, data }, ctx) => noteMessage(tx, { eventId, ...data }, ctx)),
    on(ChatRead, async (tx, { data: { userId, orderId, seq } }) => {
      await markMessagesRead(tx, { userId, orderId, seq });
    }),
  ],
  { replayable: true, patienceMs: 100 },
);
