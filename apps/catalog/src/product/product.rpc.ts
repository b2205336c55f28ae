import { Controller } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import {
  ArchiveProduct,
  CreateProduct,
  GetProduct,
  ListCategories,
  ListMovements,
  LookUpProducts,
  RestockProduct,
  SearchProducts,
  UpdateProduct,
} from '@order-system/contracts/catalog.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { createProduct } from './create-product.js';
import { ProductLoader } from './product-loader.js';
import { listCategories, listMovements, readProducts, searchProducts } from './product.read.js';
import { toProduct } from './product.rules.js';
import { restockProduct } from './restock-product.js';
import { updateProduct } from './update-product.js';

@Controller()
export class ProductRpc {
  constructor(
    private readonly db: Database,
    private readonly loader: ProductLoader,
  ) {}

  @Rpc(SearchProducts)
  search(input: CallInput<typeof SearchProducts>) {
    return searchProducts(this.db, input);
  }

  @Rpc(GetProduct)
  async get({ id }: CallInput<typeof GetProduct>) {
    const product = await this.loader.load(id);
    if (!product) throw notFound('product');
    return toProduct(product);
  }

  @Rpc(LookUpProducts)
  async lookUp({ ids }: CallInput<typeof LookUpProducts>) {
    return { products: (await readProducts(this.db, ids)).map(toProduct) };
  }

  @Rpc(ListCategories)
  categories() {
    return listCategories(this.db);
  }

  @Rpc(ListMovements)
  async movements(input: CallInput<typeof ListMovements>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'see stock movements');
    return listMovements(this.db, input);
  }

  @Rpc(CreateProduct)
  async create(input: CallInput<typeof CreateProduct>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'create products');
    return this.db.inTx((tx) => once(tx, ctx, CreateProduct, input, () => createProduct(tx, input, ctx)));
  }

  @Rpc(UpdateProduct)
  async update(input: CallInput<typeof UpdateProduct>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'change products');
    return this.db.inTx((tx) => updateProduct(tx, input, ctx));
  }

  @Rpc(ArchiveProduct)
  async archive({ id }: CallInput<typeof ArchiveProduct>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'archive products');
    return this.db.inTx((tx) => updateProduct(tx, { id, status: 'ARCHIVED' }, ctx));
  }

  @Rpc(RestockProduct)
  async restock(input: CallInput<typeof RestockProduct>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'restock products');
    return this.db.inTx((tx) => once(tx, ctx, RestockProduct, input, () => restockProduct(tx, input, ctx)));
  }
}
