import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from '@order-system/auth/access.guard';
import { AccessModule } from '@order-system/auth/access.module';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { RedisModule } from '@order-system/redis/redis.module';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway.config.js';
import { Forwarder } from './http/forward.js';
import { LimitGuard } from './http/limit.guard.js';
import { AuthController } from './routes/auth.controller.js';
import { BasketController } from './routes/basket.controller.js';
import { AnnouncementsController } from './routes/announcements.controller.js';
import { CategoriesController } from './routes/categories.controller.js';
import { ChatController } from './routes/chat.controller.js';
import { EventsController } from './routes/events.controller.js';
import { HealthController } from './routes/health.controller.js';
import { NotificationsController } from './routes/notifications.controller.js';
import { OrdersController } from './routes/orders.controller.js';
import { PaymentsController } from './routes/payments.controller.js';
import { ProductsController } from './routes/products.controller.js';
import { SandboxController } from './routes/sandbox.controller.js';
import { UsersController } from './routes/users.controller.js';

/** All of them; the documentation is made of the same list. */
export const controllers: Type[] = [
  AuthController,
  UsersController,
  ProductsController,
  CategoriesController,
  BasketController,
  OrdersController,
  PaymentsController,
  SandboxController,
  ChatController,
  NotificationsController,
  AnnouncementsController,
  EventsController,
  HealthController,
];

@Module({})
export class GatewayModule {
  static around(rpc: RpcClient, config: GatewayConfig): DynamicModule {
    const shared = [
      { provide: RpcClient, useValue: rpc },
      { provide: GATEWAY_CONFIG, useValue: config },
    ];
    return {
      module: GatewayModule,
      imports: [
        { module: SharedModule, global: true, providers: shared, exports: shared },
        RedisModule.for({
          topology: config.TOPOLOGY,
          name: 'gateway',
          namespace: config.MESSAGING_NAMESPACE,
        }),
        AccessModule,
      ],
      controllers,
      providers: [AccessGuard, Forwarder, { provide: APP_GUARD, useClass: LimitGuard }],
    };
  }
}

@Module({})
class SharedModule {}
