import { Controller, Delete, Get, Patch, Post } from '@nestjs/common';
import type { CallInput } from '@order-system/contracts/define';
import {
  CancelOrder,
  GetOrder,
  GetOrderStats,
  ListOrders,
  PayOrder,
  PlaceOrder,
  SetOrderStatus,
  TrackOrder,
  UpdateOrder,
} from '@order-system/contracts/orders.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { pageOf } from '../http/answer.js';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Input } from '../http/input.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

/** By either of two routes. */
const CANCELLING: Operation = {
  summary: 'Cancel an order',
  who: 'user',
  call: CancelOrder,
  fails: ['NOT_FOUND', 'ILLEGAL_TRANSITION', 'STALE_WRITE'],
  example: { reason: 'Ordered twice' },
};

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly rpc: RpcClient,
    private readonly forwarder: Forwarder,
  ) {}

  @Post()
  @Operation({
    summary: 'Place an order',
    description:
      'Give exactly one of basketId, items and description. With a description it is made to order: no price yet, ' +
      'no payment. paymentUrl or clientSecret say how to pay; without them pay later with POST /orders/{id}/payments.',
    who: 'user',
    call: PlaceOrder,
    status: 201,
    fails: [
      'NOT_FOUND',
      'OUT_OF_STOCK',
      'PRICE_CHANGED',
      'BASKET_EMPTY',
      'STALE_WRITE',
      'IDEMPOTENCY_IN_PROGRESS',
      'PAYMENT_METHOD_UNAVAILABLE',
    ],
    example: {
      items: [{ productId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b', quantity: 2 }],
      paymentMethod: 'SANDBOX',
      shippingAddress: '12 St James Square, London',
    },
  })
  place(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get()
  @Operation({
    summary: 'Orders: own ones, for admins all',
    description: 'userId is for admins.',
    who: 'user',
    call: ListOrders,
    answer: 'page',
    fails: ['FORBIDDEN'],
  })
  list(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get('my-orders')
  @Operation({
    summary: 'Own orders, also for admins',
    description: 'Whatever userId says.',
    who: 'user',
    call: ListOrders,
    answer: 'page',
  })
  async listOwn(@Input(ListOrders) input: CallInput<typeof ListOrders>, @Context() ctx: MessageContext) {
    const { id, role } = ctx.actor;
    const userId = role === 'admin' ? (id ?? undefined) : undefined;
    return pageOf(await this.rpc.forward(ListOrders, { ...input, userId }, ctx), input);
  }

  @Get('stats')
  @Operation({
    summary: 'Counts by state, revenue by day, average value',
    description:
      'Revenue is what was captured and kept. byDay has the latest 366 days of UTC on which somebody ordered; those ' +
      'before them are asked for with to.',
    who: 'admin',
    call: GetOrderStats,
  })
  stats(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':id')
  @Operation({
    summary: 'One order with lines, payment and history',
    who: 'user',
    call: GetOrder,
    fails: ['NOT_FOUND'],
  })
  get(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Patch(':id')
  @Operation({
    summary: 'Change what is to be made, while in REVIEW',
    who: 'user',
    call: UpdateOrder,
    fails: ['NOT_FOUND', 'ILLEGAL_TRANSITION', 'STALE_WRITE'],
    example: { quantity: 3 },
  })
  update(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Patch(':id/status')
  @Operation({
    summary: 'Move an order along',
    description: 'One in REVIEW moves to PROCESSING when its room is closed, and in no other way.',
    who: 'admin',
    call: SetOrderStatus,
    fails: ['NOT_FOUND', 'ILLEGAL_TRANSITION', 'STALE_WRITE'],
    example: { status: 'SHIPPED', trackingNumber: '1Z999AA10123456784', carrier: 'UPS' },
  })
  setStatus(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':id/cancel')
  @Operation(CANCELLING)
  cancel(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Delete(':id')
  @Operation(CANCELLING)
  remove(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':id/payments')
  @Operation({
    summary: 'Another try to pay',
    description:
      'Ends the try before it. A link that was mailed after a quote stays: the answer is the same one.',
    who: 'user',
    call: PayOrder,
    status: 201,
    fails: ['NOT_FOUND', 'ALREADY_PAID', 'NOT_PAYABLE', 'STALE_WRITE', 'PAYMENT_METHOD_UNAVAILABLE'],
    fresh: true,
    example: { paymentMethod: 'SANDBOX' },
  })
  pay(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':id/tracking')
  @Operation({ summary: 'State, history and carrier', who: 'user', call: TrackOrder, fails: ['NOT_FOUND'] })
  track(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }
}
