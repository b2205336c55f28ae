import * as auth from './auth.contracts.js';
import * as catalog from './catalog.contracts.js';
import * as chat from './chat.contracts.js';
import type { EventContract } from './define.js';
import * as notifications from './notifications.contracts.js';
import * as orders from './orders.contracts.js';
import * as payments from './payments.contracts.js';
import * as system from './system.contracts.js';

/** Every event by who tells it; `system` is the host of each service. */
export const EVENTS_OF = {
  auth: [auth.UserCreated, auth.UserUpdated, auth.UserDeleted, auth.UserLoggedIn, auth.SessionEnded],
  catalog: [
    catalog.ProductCreated,
    catalog.ProductUpdated,
    catalog.ProductArchived,
    catalog.StockRestocked,
    catalog.StockLow,
  ],
  orders: [
    orders.OrderCreated,
    orders.OrderUpdated,
    orders.OrderShipped,
    orders.OrderCompleted,
    orders.OrderCancelled,
  ],
  payments: [
    payments.PaymentStarted,
    payments.PaymentSucceeded,
    payments.PaymentFailed,
    payments.PaymentRefunded,
  ],
  chat: [chat.ChatMessageSent, chat.ChatRead, chat.ChatClosed],
  notifications: [
    notifications.NotificationSent,
    notifications.NotificationFailed,
    notifications.NotificationCreated,
    notifications.AnnouncementMade,
  ],
  system: [system.SystemStartup, system.SystemShutdown, system.SystemError],
} satisfies Record<string, readonly EventContract[]>;

export const EVENTS: readonly EventContract[] = Object.values(EVENTS_OF).flat();
