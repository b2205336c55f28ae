import { Controller, Delete, Get, Patch, Post } from '@nestjs/common';
import {
  AddBasketItem,
  ClearBasket,
  CreateBasket,
  GetBasket,
  GetOwnBasket,
  MergeBaskets,
  RemoveBasketItem,
  SetBasketItem,
} from '@order-system/contracts/basket.contracts';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Operation } from '../openapi/operation.js';

@Controller('basket')
export class BasketController {
  constructor(private readonly forwarder: Forwarder) {}

  @Post()
  @Operation({
    summary: 'Start a basket',
    description:
      "Signed in: the open one if there is one. A guest's basket is known by its id alone, so a guest's " +
      'Idempotency-Key counts only with a UUID in it, which no other guest comes upon.',
    who: 'guest',
    call: CreateBasket,
    status: 201,
    example: {},
  })
  create(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get()
  @Operation({ summary: 'The open basket', who: 'user', call: GetOwnBasket })
  own(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':id')
  @Operation({ summary: 'A basket', who: 'guest', call: GetBasket, fails: ['NOT_FOUND'] })
  get(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':id/items')
  @Operation({
    summary: 'Add a product; to an existing line it adds',
    who: 'guest',
    call: AddBasketItem,
    fails: ['NOT_FOUND', 'OUT_OF_STOCK', 'STALE_WRITE'],
    example: { productId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b', quantity: 2 },
  })
  add(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Patch(':id/items/:productId')
  @Operation({
    summary: "Set a line's quantity",
    who: 'guest',
    call: SetBasketItem,
    fails: ['NOT_FOUND', 'OUT_OF_STOCK'],
    example: { quantity: 3 },
  })
  set(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Delete(':id/items/:productId')
  @Operation({ summary: 'Remove a line', who: 'guest', call: RemoveBasketItem, fails: ['NOT_FOUND'] })
  remove(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Delete(':id/items')
  @Operation({ summary: 'Empty the basket', who: 'guest', call: ClearBasket, fails: ['NOT_FOUND'] })
  clear(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':id/merge')
  @Operation({
    summary: "Take over a guest's basket",
    who: 'user',
    call: MergeBaskets,
    fails: ['NOT_FOUND'],
    example: { fromBasketId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b' },
  })
  merge(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }
}
