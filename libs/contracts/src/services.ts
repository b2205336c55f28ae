/** The services behind the gateway: each has a queue for its calls, a PostgreSQL schema of its name and a role. */
export const SERVICES = [
  'auth',
  'catalog',
  'basket',
  'orders',
  'payments',
  'chat',
  'notifications',
  'events',
] as const;

export type Service = (typeof SERVICES)[number];
