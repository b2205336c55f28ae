import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@order-system/messaging/testing/eventually';
import { startProxy } from '@order-system/testing/proxy';
import type { Shopper } from '@order-system/testing/shopper';
import type { Fault, Rig } from '../fault.ts';
import { newProduct } from '../new-product.ts';
import { Chatter } from './chatter.ts';

const ROOMS = 4;
const MESSAGES = 10_000;
/** What one member says without waiting for an answer. */
const AT_ONCE = 8;
const TOKEN_LASTS = '8s';
const PASSWORD = 'Secret123';
const PATIENCE_MS = 60_000;

let violations: string[] = [];

export const f26: Fault = {
  id: 'F26',
  title: 'a burst of 10,000 messages, while their services die and their clients come and go',
  // About as long as the burst.
  atLeastSeconds: 50,
  allowed: {
    O9: {
      atMost: 2,
      only: /grew by/,
      because:
        'a burst: the heaps are as small as before when it is over, the allocator keeps some of the pages',
    },
  },
  async inject(rig) {
    violations = [];
    const { hostname: host, port } = new URL(rig.url);
    const way = await startProxy({ target: { host, port: Number(port) } });
    const productId = await newProduct(rig);
    await rig.restart('auth', { ACCESS_TOKEN_TTL: TOKEN_LASTS });
    const rooms = await Promise.all(
      Array.from({ length: ROOMS }, (_, index) => open(rig, productId, index === 0 ? way.port : undefined)),
    );
    await rig.restart('auth', {});
    const members = rooms.flatMap((room) => room.members);
    const from = performance.now();
    const burst = Promise.all(members.map((member) => sayMuch(member, MESSAGES / members.length)));
    const harm = (async () => {
      const each = (rig.seconds * 1000) / 3;
      rig.signal('chat', 'SIGKILL');
      // One client is cut off while the others go on.
      await way.refuse();
      way.reset();
      await pause(each);
      await way.pass();
      rig.signal('gateway', 'SIGKILL');
      await pause(each);
      rig.signal('chat', 'SIGKILL');
      await rig.ready();
    })();
    await Promise.all([burst, harm]);
    const burstSeconds = Math.round((performance.now() - from) / 1000);
    for (const { orderId, members: both } of rooms) await judge(rig, orderId, both);
    const sum = (count: (member: Chatter) => number) =>
      members.reduce((all, member) => all + count(member), 0);
    rig.log(
      `${sum(({ said }) => said.length)} messages were acknowledged in ${burstSeconds} s, ${sum(({ breaks }) => breaks)} connections broke, ` +
        `${sum(({ expired }) => expired)} were ended by the server`,
    );
    if (sum(({ expired }) => expired) === 0)
      violations.push('nobody was sent away when his token had expired');
    for (const member of members) member.leave();
    await way.stop();
  },
  check: async () => violations,
};

interface Room {
  readonly orderId: string;
  readonly members: readonly Chatter[];
}

/** An order that somebody has paid for, with the customer and somebody of the staff in its room. */
async function open({ url, shopper, staff, admin }: Rig, productId: string, port?: number): Promise<Room> {
  const customer = await shopper();
  const { id: orderId } = await customer.place({ items: [{ productId, quantity: 1 }] });
  await customer.pay(orderId);
  const clerk = await staff();
  const enter = (who: Shopper, account: { email: string; password: string }, at: string) =>
    new Chatter(who, { url: at, orderId, logIn: () => who.logIn(account) });
  return {
    orderId,
    members: [
      enter(
        customer,
        { email: customer.email, password: PASSWORD },
        port === undefined ? url : `http://127.0.0.1:${port}`,
      ),
      enter(clerk, admin, url),
    ],
  };
}

async function sayMuch(member: Chatter, count: number): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await member.say(`Message ${(next += 1)}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Each member has each message once, in the order of the room, by pushes or by asking after a break. */
async function judge({ db }: Rig, orderId: string, members: readonly Chatter[]): Promise<void> {
  const { rows } = await db.query<{ id: string }>(
    'SELECT id FROM chat.message WHERE order_id = $1 ORDER BY seq',
    [orderId],
  );
  const stored = rows.map(({ id }) => id);
  const lost = members.flatMap(({ said }) => said).filter((id) => !stored.includes(id));
  if (lost.length > 0) violations.push(`${lost.length} acknowledged messages of ${orderId} are not stored`);
  for (const [index, member] of members.entries()) {
    const same = () =>
      member.heard.length === stored.length && member.heard.every((id, at) => id === stored[at]);
    // What was pushed last may be on its way; asking is what a client does when he doubts.
    await eventually(async () => {
      await member.catchUp();
      if (!same()) throw new Error('not yet');
    }, PATIENCE_MS).catch(() => undefined);
    if (!same())
      violations.push(
        `member ${index} of ${orderId} has ${member.heard.length} of ${stored.length} messages, or not in order`,
      );
  }
}
