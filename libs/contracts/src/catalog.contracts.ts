import { z } from 'zod';
import { defineCall, defineEvent } from './define.js';
import { Money, Price, QueryPrice } from './money.js';
import {
  Id,
  Instant,
  Nothing,
  QueryFlag,
  Quantity,
  Search,
  line,
  pageOf,
  paging,
  text,
  wellFormed,
} from './primitives.js';

export const ProductStatus = z.enum(['ACTIVE', 'ARCHIVED']);
export const MovementReason = z.enum([
  'INITIAL',
  'RESTOCK',
  'RESERVED',
  'RELEASED',
  'SOLD',
  'RETURNED',
  'ADJUSTMENT',
]);

const Sku = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores');
const Url = wellFormed(z.url({ protocol: /^https?$/ }).max(2000));
const fields = {
  sku: Sku,
  name: line(200).trim(),
  description: text(0, 5000),
  price: Price,
  // A blank at an end would make a second category of one.
  category: line(100).trim(),
  imageUrl: Url.nullable(),
};

export const Product = z.object({
  id: Id,
  sku: z.string(),
  name: z.string(),
  description: z.string(),
  price: Money,
  currency: z.string(),
  category: z.string(),
  imageUrl: z.string().nullable(),
  stock: z.int().meta({ description: 'What can be bought now: on hand less reserved' }),
  status: ProductStatus,
  createdAt: Instant,
  updatedAt: Instant,
});
export type Product = z.output<typeof Product>;

const SORTS = ['name', '-name', 'price', '-price', 'createdAt', '-createdAt'] as const;
export const SearchProducts = defineCall('catalog.search', {
  kind: 'query',
  input: z.strictObject({
    ...paging,
    search: Search.optional(),
    category: text(1, 100).optional(),
    minPrice: QueryPrice.optional(),
    maxPrice: QueryPrice.optional(),
    inStock: QueryFlag.optional(),
    sort: z.enum(SORTS).default('name'),
  }),
  output: pageOf(Product),
});

export const GetProduct = defineCall('catalog.get', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: Product,
});

/** The products among `ids` that exist, for a basket's lines. */
export const LookUpProducts = defineCall('catalog.lookUp', {
  kind: 'query',
  input: z.object({ ids: z.array(Id).max(200) }),
  output: z.object({ products: z.array(Product) }),
});

export const ListCategories = defineCall('catalog.categories', {
  kind: 'query',
  input: Nothing,
  output: z.object({ categories: z.array(z.object({ name: z.string(), products: z.int() })) }),
});

export const CreateProduct = defineCall('catalog.create', {
  kind: 'command',
  input: z.strictObject({
    ...fields,
    description: fields.description.default(''),
    imageUrl: fields.imageUrl.default(null),
    stock: z.int().min(0).max(1_000_000_000).default(0),
  }),
  output: Product,
});

/** `stock` is what can be bought then, as it is read; the difference is an ADJUSTMENT in the ledger. */
export const UpdateProduct = defineCall('catalog.update', {
  kind: 'command',
  input: z.strictObject({
    id: Id,
    ...z.object(fields).partial().shape,
    stock: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .meta({
        description: 'What can be bought from now on; what orders have reserved stays on hand beside it',
      })
      .optional(),
    status: ProductStatus.optional(),
  }),
  output: Product,
});

export const ArchiveProduct = defineCall('catalog.archive', {
  kind: 'command',
  input: z.object({ id: Id }),
  output: Product,
});

export const RestockProduct = defineCall('catalog.restock', {
  kind: 'command',
  input: z.strictObject({ id: Id, quantity: Quantity, reason: line(500).optional() }),
  output: Product,
});

export const StockMovement = z.object({
  id: Id,
  reason: MovementReason,
  quantity: z
    .int()
    .meta({ description: 'Units moved, signed as they change what can be bought (SOLD: what is on hand)' }),
  onHand: z.int(),
  reserved: z.int(),
  orderId: Id.nullable(),
  note: z.string().nullable(),
  by: Id.nullable(),
  createdAt: Instant,
});
export const ListMovements = defineCall('catalog.movements', {
  kind: 'query',
  input: z.strictObject({ id: Id, ...paging }),
  output: pageOf(StockMovement),
});

/**
 * Prices and holds all lines in one transaction; the same answer again for the same order, held from then on anew.
 * `price` is what the customer believed. Refusals: NOT_FOUND, OUT_OF_STOCK, PRICE_CHANGED, and VALIDATION_FAILED when
 * the total of a product is more than Money can be.
 */
export const ReserveStock = defineCall('catalog.reserve', {
  kind: 'command',
  input: z.object({
    orderId: Id,
    lines: z.array(z.object({ productId: Id, quantity: Quantity, price: Price.optional() })).max(100),
  }),
  output: z.object({
    lines: z.array(
      z.object({
        productId: Id,
        sku: z.string(),
        title: z.string(),
        price: Money,
        quantity: z.int(),
        total: Money,
      }),
    ),
  }),
});

/** Gives the hold of an order that will not be placed back at once, instead of when it lapses. */
export const ReleaseStock = defineCall('catalog.release', {
  kind: 'command',
  input: z.object({ orderId: Id }),
  output: Nothing,
});

const productFact = z.object({
  productId: Id,
  sku: z.string(),
  name: z.string(),
  price: Money,
  currency: z.string(),
  status: ProductStatus,
});
export const ProductCreated = defineEvent('product.created', 1, productFact);
export const ProductUpdated = defineEvent('product.updated', 1, productFact);
export const ProductArchived = defineEvent('product.archived', 1, productFact);
const stockFact = z.object({ productId: Id, sku: z.string(), available: z.int() });
export const StockRestocked = defineEvent('stock.restocked', 1, stockFact.extend({ quantity: z.int() }));
/** Said once when what can be bought falls to LOW_STOCK or below. */
export const StockLow = defineEvent('stock.low', 1, stockFact);
