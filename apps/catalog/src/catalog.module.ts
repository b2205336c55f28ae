import { Module } from '@nestjs/common';
import { sql } from '@order-system/prisma/sql';
import { oneCurrency } from '@order-system/service-host/one-currency';
import { defineService } from '@order-system/service-host/service';
import { DemoCatalogue } from './demo/demo-catalogue.js';
import { ProductLoader } from './product/product-loader.js';
import { ProductRpc } from './product/product.rpc.js';
import { ReleaseLapsedHolds } from './stock/release-lapsed-holds.job.js';
import { catalogOrders } from './stock/stock.consumer.js';
import { StockRpc } from './stock/stock.rpc.js';

@Module({
  controllers: [ProductRpc, StockRpc],
  providers: [ProductLoader],
})
class CatalogModule {}

export const catalog = defineService({
  name: 'catalog',
  module: CatalogModule,
  consumers: [catalogOrders],
  jobs: [ReleaseLapsedHolds],
  startUp: [oneCurrency(sql`SELECT currency FROM catalog.product ORDER BY id DESC LIMIT 1`), DemoCatalogue],
});
