import { randomUUID } from 'node:crypto';
import type { Rig } from './fault.ts';

/** A product that nobody else buys; resolves with its id. */
export async function newProduct({ staff }: Pick<Rig, 'staff'>, stock = 1000): Promise<string> {
  const admin = await staff();
  const body = { sku: `OWN-${randomUUID()}`, name: 'Of its own', category: 'Chaos', price: 9.99, stock };
  const { data } = (await admin.insist('POST /api/products', { body })) as { data: { id: string } };
  return data.id;
}
