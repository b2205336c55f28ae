/**
 * Who may call a route.
 * - anyone: everybody, with or without a token
 * - user: who is signed in; guests 401
 * - admin: guests 401, users 403
 * - owner-or-admin: guests 401, strangers 404
 * - owner: guests 401, strangers and admins 404
 * - holder: a customer's basket; everybody else 404, guests too
 */
export type Who = 'anyone' | 'user' | 'admin' | 'owner-or-admin' | 'owner' | 'holder';

/** What a route's first `:id` names; the second one is always a product. */
export type Thing = 'order' | 'payment' | 'basket' | 'product' | 'user' | 'notification' | 'nothing';

export interface Access {
  readonly who: Who;
  readonly id?: Thing;
  /** Good enough to get past validation, where 400 would hide what is asked. */
  readonly body?: object | ((ids: Record<'product' | 'guestBasket', string>) => object);
  /** The call ends the session or the account of who makes it. */
  readonly ends?: true;
  /** Says 401 about something other than the bearer token. */
  readonly refuses?: true;
}

const anyone: Access = { who: 'anyone' };
const user: Access = { who: 'user' };
const admin: Access = { who: 'admin' };
const owned = (id: Thing, body?: Access['body']): Access => ({ who: 'owner-or-admin', id, body });
const own = (id: Thing, body?: Access['body']): Access => ({ who: 'owner', id, body });
const held = (body?: Access['body']): Access => ({ who: 'holder', id: 'basket', body });

const products = (root: string): Record<string, Access> => ({
  [`GET ${root}`]: anyone,
  [`GET ${root}/:id`]: { who: 'anyone', id: 'product' },
  [`POST ${root}`]: admin,
  [`PATCH ${root}/:id`]: admin,
  [`DELETE ${root}/:id`]: admin,
  [`POST ${root}/:id/restock`]: admin,
  [`GET ${root}/:id/stock-movements`]: admin,
});

/** Each route of the interface. */
export const ACCESS: Readonly<Record<string, Access>> = {
  'POST /auth/register': anyone,
  'POST /users/register': anyone,
  'POST /auth/login': anyone,
  'POST /users/login': anyone,
  'POST /auth/refresh': { who: 'anyone', refuses: true },
  'POST /auth/logout': { who: 'user', ends: true },
  'GET /users/profile': user,
  'PATCH /users/profile': user,
  'DELETE /users/profile': { who: 'user', ends: true },
  'GET /users': admin,
  'GET /users/:id': admin,
  'PATCH /users/:id/role': admin,
  'DELETE /users/:id': admin,

  ...products('/products'),
  ...products('/catalog'),
  'GET /categories': anyone,

  'POST /basket': anyone,
  'GET /basket': user,
  'GET /basket/:id': held(),
  'POST /basket/:id/items': held(({ product }) => ({ productId: product, quantity: 1 })),
  'PATCH /basket/:id/items/:id': held({ quantity: 2 }),
  'DELETE /basket/:id/items/:id': held(),
  'DELETE /basket/:id/items': held(),
  'POST /basket/:id/merge': own('basket', ({ guestBasket }) => ({ fromBasketId: guestBasket })),

  'POST /orders': user,
  'GET /orders': user,
  'GET /orders/my-orders': user,
  'GET /orders/stats': admin,
  'GET /orders/:id': owned('order'),
  'PATCH /orders/:id': own('order', { quantity: 2 }),
  'PATCH /orders/:id/status': admin,
  'POST /orders/:id/cancel': owned('order', {}),
  'DELETE /orders/:id': owned('order'),
  'POST /orders/:id/payments': own('order', { paymentMethod: 'SANDBOX' }),
  'GET /orders/:id/tracking': owned('order'),

  'GET /payments/:id': owned('payment'),
  'POST /payments/:id/refund': admin,
  'POST /payments/webhook/stripe': anyone,
  'POST /payments/webhook/paypal': anyone,
  'POST /payments/webhook/sandbox': anyone,
  'GET /payments/sandbox/:id': anyone,
  'POST /payments/sandbox/:id': anyone,

  'GET /chat/rooms': admin,
  'GET /chat/:id': owned('order'),
  'GET /chat/:id/messages': owned('order'),
  'GET /chat/:id/history': owned('order'),
  'GET /chat/:id/transcript': owned('order'),
  'POST /chat/:id/messages': owned('order', { content: 'Hello' }),
  'POST /chat/:id/message': owned('order', { content: 'Hello' }),
  'POST /chat/:id/read': owned('order', { seq: 0 }),
  'PATCH /chat/:id/close': admin,
  'POST /chat/:id/close': admin,

  'GET /notifications': user,
  'GET /notifications/mailbox': admin,
  'POST /notifications/:id/read': own('notification', {}),
  'POST /notifications/read-all': user,
  'GET /notifications/preferences': user,
  'PATCH /notifications/preferences': user,
  'POST /announcements': admin,

  'GET /events': admin,
  'GET /events/:id': admin,
  'GET /events/stats': admin,
  'GET /events/health': admin,
  'POST /events/replay': admin,
  'GET /events/replay/:id': admin,
  'GET /events/dead-letters': admin,
  'POST /events/dead-letters/:id/redrive': admin,
  'DELETE /events/dead-letters/:id': admin,

  'GET /health': anyone,
};
