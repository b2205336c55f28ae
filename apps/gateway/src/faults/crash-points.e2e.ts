import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { type Crash, crash } from '@order-system/testing/crash';
import { changesWithoutEvents, violations } from '@order-system/testing/oracle';
import { type Platform, startPlatform } from '@order-system/testing/platform';
import { type PrivateServers, startServers } from '@order-system/testing/servers';
import { type PlacedOrder, Shopper } from '@order-system/testing/shopper';
import { allSubscriptions } from '@order-system/testing/subscriptions';
import { Watch } from '@order-system/testing/watch';

const SETTINGS = {
  THROTTLE_LIMIT: '1000000',
  AUTH_THROTTLE_LIMIT: '1000000',
  RETRY_LADDER: '1s, 2s, 4s, 8s',
  LOG_LEVEL: 'warn',
};

/** A relay's first pass tells that its process has started. */
const AFTER_START = 2;

const DISTRIBUTED: Crash[] = [
  { service: 'orders', at: 'relay.claimed', pass: AFTER_START },
  { service: 'orders', at: 'relay.published_before_confirm', pass: AFTER_START },
  { service: 'orders', at: 'relay.confirmed_before_mark', pass: AFTER_START },
  { service: 'payments', at: 'relay.claimed', pass: AFTER_START },
  { service: 'orders', at: 'orders.claimed' },
  { service: 'orders', at: 'orders.reserved' },
  { service: 'orders', at: 'orders.committed_before_reply' },
  { service: 'orders', at: 'orders.payment_started' },
  { service: 'catalog', at: 'catalog.reserved' },
  { service: 'payments', at: 'payments.key_saved_before_call' },
  { service: 'payments', at: 'payments.called_before_save' },
  { service: 'payments', at: 'webhook.saved_before_200' },
  { service: 'catalog', at: 'consumer.before_tx' },
  { service: 'catalog', at: 'consumer.committed_before_ack' },
  { service: 'orders', at: 'consumer.before_tx' },
  { service: 'orders', at: 'consumer.committed_before_ack' },
];

/** Eight services tell that they have started before anybody can buy. */
const AFTER_ALL_STARTED = 9;

const EMBEDDED: Crash[] = [
  { service: 'embedded', at: 'relay.claimed', pass: AFTER_ALL_STARTED },
  { service: 'embedded', at: 'relay.confirmed_before_mark', pass: AFTER_ALL_STARTED },
  { service: 'embedded', at: 'orders.reserved' },
  { service: 'embedded', at: 'orders.committed_before_reply' },
  { service: 'embedded', at: 'payments.called_before_save' },
  { service: 'embedded', at: 'webhook.saved_before_200' },
  { service: 'embedded', at: 'consumer.before_tx' },
  { service: 'embedded', at: 'consumer.committed_before_ack' },
];

const nameOf = ({ service, at }: Crash): string => `${service} at ${at}`;

describe.each([
  ['distributed', DISTRIBUTED],
  ['embedded', EMBEDDED],
] as const)('a purchase, %s, during which a process is killed', (topology, crashes) => {
  let servers: PrivateServers | undefined;
  let platform: Platform;
  let moments: Watch;
  const purchases = new Map<string, { shopper: Shopper; order: Promise<PlacedOrder> }>();
  const notKilled: string[] = [];

  // The crashes come one after the other; the purchases go on meanwhile, for some have to wait for a lease to end.
  beforeAll(async () => {
    if (topology === 'distributed') servers = await startServers();
    const addresses: Record<string, string> = {};
    if (servers) Object.assign(addresses, { AMQP_URL: servers.rabbitmq.url, REDIS_URL: servers.redis.url });
    const env = { ...SETTINGS, ...addresses };
    platform = await startPlatform({ topology, env, ...(servers ? { server: servers.postgres.url } : {}) });
    moments = new Watch(platform.databaseUrl, changesWithoutEvents);
    const products = await new Shopper(platform.url).productIds();
    for (const [index, planned] of crashes.entries()) {
      const shopper = await new Shopper(platform.url).signUp();
      const wanted = [0, 1].map((step) => products[(2 * index + step) % products.length]!);
      const provoke = () => {
        const order = buy(shopper, wanted);
        // Whoever asks for it will see that it failed.
        order.catch(() => undefined);
        purchases.set(nameOf(planned), { shopper, order });
      };
      await crash(platform, planned, provoke).catch((error: Error) => notKilled.push(error.message));
    }
  }, 400_000);

  afterAll(async () => {
    await moments?.stop();
    try {
      await platform?.stop();
    } finally {
      await servers?.stop();
    }
  });

  it('kills each process at its step', () => {
    expect(notKilled).toEqual([]);
  });

  it.each(crashes.map((planned) => [nameOf(planned)]))(
    'gives one order, finished and paid once, when it is %s',
    async (name) => {
      const { shopper, order } = purchases.get(name)!;
      const { id } = await order;
      const { rows } = await moments.query<{ orders: number; status: string; captures: number }>(
        `SELECT (SELECT count(*)::int FROM orders."order" WHERE user_id = o.user_id) AS orders, o.status,
           (SELECT count(*)::int FROM payments.sandbox_session WHERE order_id = o.id AND status = 'PAID') AS captures
         FROM orders."order" o WHERE id = $1`,
        [id],
      );
      expect(rows).toEqual([{ orders: 1, status: 'PROCESSING', captures: 1 }]);
      expect(new Set(shopper.acknowledged())).toEqual(new Set([id]));
    },
    120_000,
  );

  it('gives the order up once, and its stock back, when it is killed while the time to pay runs out', async () => {
    const shopper = await new Shopper(platform.url).signUp();
    const [product] = await shopper.productIds();
    const { id } = await shopper.order([product!]);
    const runOut = () => moments.query('UPDATE orders."order" SET pay_before = now() WHERE id = $1', [id]);
    const service = topology === 'embedded' ? 'embedded' : 'orders';
    await crash(platform, { service, at: 'saga.timer_fired' }, runOut);
    await shopper.waitFor(id, 'CANCELLED');
  });

  it('takes up an event again that was put off when its consumer was killed', async () => {
    // In one process nothing is put off by way of a broker.
    if (topology === 'embedded') return;
    const shopper = await new Shopper(platform.url).signUp();
    const [product] = await shopper.productIds();
    const { id } = await shopper.order([product!]);
    // Nothing that the consumer writes is accepted until the constraint is gone.
    const rule = `CONSTRAINT refused CHECK (id <> '${id}' OR status <> 'PROCESSING') NOT VALID`;
    await moments.query(`ALTER TABLE orders."order" ADD ${rule}`);
    await crash(platform, { service: 'orders', at: 'consumer.delayed_before_ack' }, () => shopper.pay(id));
    await moments.query('ALTER TABLE orders."order" DROP CONSTRAINT refused');
    await shopper.waitFor(id, 'PROCESSING');
  });

  it('leaves no event unapplied, no stock astray, no money unaccounted for', async () => {
    const subscriptions = await allSubscriptions();
    await eventually(async () => expect(await violations(moments, subscriptions)).toEqual([]), 60_000);
  });

  it('never shows a change without its event, nor an event without its change', () => {
    expect(moments.looks).toBeGreaterThan(10);
    expect(moments.violations).toEqual([]);
  });
});

/** Places an order under one key until it is acknowledged, pays, and waits until it is on its way. */
async function buy(shopper: Shopper, productIds: string[]): Promise<PlacedOrder> {
  const { id } = await shopper.order(productIds);
  await shopper.pay(id);
  return shopper.waitFor(id, 'PROCESSING', 90_000);
}
