import { runTogether } from '@order-system/service-host/run';
import { auth } from '@order-system/auth-app/auth.module';
import { basket } from '@order-system/basket-app/basket.module';
import { catalog } from '@order-system/catalog-app/catalog.module';
import { chat } from '@order-system/chat-app/chat.module';
import { events } from '@order-system/events-app/events.module';
import { gateway } from '@order-system/gateway-app/gateway.service';
import { notifications } from '@order-system/notifications-app/notifications.module';
import { orders } from '@order-system/orders-app/orders.module';
import { payments } from '@order-system/payments-app/payments.module';

await runTogether([auth, catalog, basket, orders, payments, chat, notifications, events, gateway]);
