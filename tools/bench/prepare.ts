import type { System } from './system.ts';

export interface Prepared {
  readonly products: string[];
  /** Access tokens of the shoppers. */
  readonly tokens: string[];
}

const PRODUCTS = 40;
const STOCK = 1_000_000_000;
const AT_ONCE = 4;
const PASSWORD = 'Secret123';

/** Fills the shop: products that never run out, and customers who are signed in. */
export async function prepare({ url, admin }: System, shoppers: number): Promise<Prepared> {
  const token = await logIn(url, admin);
  const products = await inBatches(PRODUCTS, async (i) => {
    const product = {
      sku: `BENCH-${i}`,
      name: `Bench product ${i}`,
      category: `Bench ${i % 4}`,
      description: 'Made to be bought very often.',
      price: 10 + i / 4,
      stock: STOCK,
    };
    const { data } = await post<{ data: { id: string } }>(`${url}/api/products`, product, token);
    return data.id;
  });
  const tokens = await inBatches(shoppers, async (i) => {
    const credentials = { email: `shopper-${i}@example.com`, password: PASSWORD };
    await post(`${url}/api/auth/register`, credentials);
    return logIn(url, credentials);
  });
  return { products, tokens };
}

async function logIn(url: string, credentials: { email: string; password: string }): Promise<string> {
  return (await post<{ token: string }>(`${url}/api/auth/login`, credentials)).token;
}

async function inBatches<T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => make(from + i));
    made.push(...(await Promise.all(batch)));
  }
  return made;
}

async function post<T>(address: string, body: unknown, token?: string): Promise<T> {
  const response = await fetch(address, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${address}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
