import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import { readProducts } from './product.read.js';
import type { StoredProduct } from './product.rules.js';

interface Batch {
  ids: Set<string>;
  products: Promise<Map<string, StoredProduct>>;
}

/** Reads the products that are asked for at the same moment in one statement. */
@Injectable()
export class ProductLoader {
  private batch: Batch | undefined;

  constructor(private readonly db: Database) {}

  async load(id: string): Promise<StoredProduct | undefined> {
    const batch = (this.batch ??= this.open());
    batch.ids.add(id);
    return (await batch.products).get(id);
  }

  private open(): Batch {
    const ids = new Set<string>();
    return { ids, products: this.readSoon(ids) };
  }

  private async readSoon(ids: Set<string>): Promise<Map<string, StoredProduct>> {
    await new Promise((resolve) => setImmediate(resolve));
    this.batch = undefined;
    return new Map((await readProducts(this.db, [...ids])).map((product) => [product.id, product]));
  }
}
