import { Controller, Delete, Get, Patch, Post } from '@nestjs/common';
import {
  ArchiveProduct,
  CreateProduct,
  GetProduct,
  ListMovements,
  RestockProduct,
  SearchProducts,
  UpdateProduct,
} from '@order-system/contracts/catalog.contracts';
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { pageOf, success } from '../http/answer.js';
import { Input } from '../http/input.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

@Controller(['products', 'catalog'])
export class ProductsController {
  constructor(private readonly rpc: RpcClient) {}

  @Get()
  @Operation({ summary: 'Search the catalogue', who: 'reader', call: SearchProducts, answer: 'page' })
  async search(
    @Input(SearchProducts) input: CallInput<typeof SearchProducts>,
    @Context() ctx: MessageContext,
  ) {
    return pageOf(await this.rpc.forward(SearchProducts, input, ctx), input);
  }

  @Get(':id')
  @Operation({ summary: 'One product', who: 'reader', call: GetProduct, fails: ['NOT_FOUND'] })
  async get(@Input(GetProduct) input: CallInput<typeof GetProduct>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(GetProduct, input, ctx));
  }

  @Post()
  @Operation({
    summary: 'Add a product',
    who: 'admin',
    call: CreateProduct,
    status: 201,
    fails: ['SKU_TAKEN'],
    example: { sku: 'MUG-01', name: 'Blue mug', price: 12.5, category: 'Kitchen', stock: 40 },
  })
  async create(@Input(CreateProduct) input: CallInput<typeof CreateProduct>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(CreateProduct, input, ctx));
  }

  @Patch(':id')
  @Operation({
    summary: 'Change a product',
    who: 'admin',
    call: UpdateProduct,
    fails: ['NOT_FOUND', 'SKU_TAKEN'],
    example: { price: 13.5 },
  })
  async update(@Input(UpdateProduct) input: CallInput<typeof UpdateProduct>, @Context() ctx: MessageContext) {
    return success(await this.rpc.forward(UpdateProduct, input, ctx));
  }

  @Delete(':id')
  @Operation({
    summary: 'Archive a product',
    description: 'It can no longer be bought; orders that have it stay readable.',
    who: 'admin',
    call: ArchiveProduct,
    fails: ['NOT_FOUND'],
  })
  async archive(
    @Input(ArchiveProduct) input: CallInput<typeof ArchiveProduct>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(ArchiveProduct, input, ctx));
  }

  @Post(':id/restock')
  @Operation({
    summary: 'Add to the stock',
    who: 'admin',
    call: RestockProduct,
    fails: ['NOT_FOUND'],
    example: { quantity: 25, reason: 'Delivery 4711' },
  })
  async restock(
    @Input(RestockProduct) input: CallInput<typeof RestockProduct>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(RestockProduct, input, ctx));
  }

  @Get(':id/stock-movements')
  @Operation({
    summary: "The ledger of a product's stock",
    who: 'admin',
    call: ListMovements,
    answer: 'page',
    fails: ['NOT_FOUND'],
  })
  async movements(
    @Input(ListMovements) input: CallInput<typeof ListMovements>,
    @Context() ctx: MessageContext,
  ) {
    return pageOf(await this.rpc.forward(ListMovements, input, ctx), input);
  }
}
