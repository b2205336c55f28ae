import { Controller, Get } from '@nestjs/common';
import { ListCategories } from '@order-system/contracts/catalog.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { success } from '../http/answer.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

@Controller('categories')
export class CategoriesController {
  constructor(private readonly rpc: RpcClient) {}

  @Get()
  @Operation({
    summary: 'The categories and how many products each has',
    who: 'reader',
    output: ListCategories.output.shape.categories,
  })
  async list(@Context() ctx: MessageContext) {
    const { categories } = await this.rpc.forward(ListCategories, {}, ctx);
    return success(categories);
  }
}
