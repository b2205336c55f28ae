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
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { success } from '../http/answer.js';
import { Input } from '../http/input.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

@Controller('basket')
export class BasketController {
  constructor(private readonly rpc: RpcClient) {}

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
  async create(@Input(CreateBasket) input: CallInput<typeof CreateBasket>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(CreateBasket, input, ctx));
  }

  @Get()
  @Operation({ summary: 'The open basket', who: 'user', output: GetOwnBasket.output, fails: ['NOT_FOUND'] })
  async own(@Context() ctx: MessageContext) {
    return success(await this.rpc.forward(GetOwnBasket, {}, ctx));
  }

  @Get(':id')
  @Operation({ summary: 'A basket', who: 'guest', call: GetBasket, fails: ['NOT_FOUND'] })
  async get(@Input(GetBasket) input: CallInput<typeof GetBasket>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(GetBasket, input, ctx));
  }

  @Post(':id/items')
  @Operation({
    summary: 'Add a product; to an existing line it adds',
    who: 'guest',
    call: AddBasketItem,
    fails: ['NOT_FOUND', 'OUT_OF_STOCK', 'STALE_WRITE'],
    example: { productId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b', quantity: 2 },
  })
  async add(@Input(AddBasketItem) input: CallInput<typeof AddBasketItem>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(AddBasketItem, input, ctx));
  }

  @Patch(':id/items/:productId')
  @Operation({
    summary: "Set a line's quantity",
    who: 'guest',
    call: SetBasketItem,
    fails: ['NOT_FOUND', 'OUT_OF_STOCK'],
    example: { quantity: 3 },
  })
  async set(@Input(SetBasketItem) input: CallInput<typeof SetBasketItem>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(SetBasketItem, input, ctx));
  }

  @Delete(':id/items/:productId')
  @Operation({ summary: 'Remove a line', who: 'guest', call: RemoveBasketItem, fails: ['NOT_FOUND'] })
  async remove(
    @Input(RemoveBasketItem) input: CallInput<typeof RemoveBasketItem>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(RemoveBasketItem, input, ctx));
  }

  @Delete(':id/items')
  @Operation({ summary: 'Empty the basket', who: 'guest', call: ClearBasket, fails: ['NOT_FOUND'] })
  async clear(@Input(ClearBasket) input: CallInput<typeof ClearBasket>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(ClearBasket, input, ctx));
  }

  @Post(':id/merge')
  @Operation({
    summary: "Take over a guest's basket",
    who: 'user',
    call: MergeBaskets,
    fails: ['NOT_FOUND'],
    example: { fromBasketId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b' },
  })
  async merge(@Input(MergeBaskets) input: CallInput<typeof MergeBaskets>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(MergeBaskets, input, ctx));
  }
}
