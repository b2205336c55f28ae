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
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Operation } from '../openapi/operation.js';

@Controller(['products', 'catalog'])
export class ProductsController {
  constructor(private readonly forwarder: Forwarder) {}

  @Get()
  @Operation({ summary: 'Search the catalogue', who: 'reader', call: SearchProducts, answer: 'page' })
  search(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':id')
  @Operation({ summary: 'One product', who: 'reader', call: GetProduct, fails: ['NOT_FOUND'] })
  get(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
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
  create(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Patch(':id')
  @Operation({
    summary: 'Change a product',
    who: 'admin',
    call: UpdateProduct,
    fails: ['NOT_FOUND', 'SKU_TAKEN'],
    example: { price: 13.5 },
  })
  update(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Delete(':id')
  @Operation({
    summary: 'Archive a product',
    description: 'It can no longer be bought; orders that have it stay readable.',
    who: 'admin',
    call: ArchiveProduct,
    fails: ['NOT_FOUND'],
  })
  archive(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':id/restock')
  @Operation({
    summary: 'Add to the stock',
    who: 'admin',
    call: RestockProduct,
    fails: ['NOT_FOUND'],
    example: { quantity: 25, reason: 'Delivery 4711' },
  })
  restock(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':id/stock-movements')
  @Operation({
    summary: "The ledger of a product's stock",
    who: 'admin',
    call: ListMovements,
    answer: 'page',
    fails: ['NOT_FOUND'],
  })
  movements(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }
}
