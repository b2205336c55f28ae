import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Shopper } from '@order-system/testing/shopper';
import { io } from 'socket.io-client';
import type { Random } from '../random.ts';

const MOST_MESSAGES = 6;
const ACK_WITHIN_MS = 5_000;
const PERSISTENCE_MS = 120_000;
const LASTING = ['ROOM_CLOSED', 'NOT_FOUND', 'VALIDATION_FAILED'];

type Ack = { ok: true; message: { seq: number } } | { ok: false; code: string };
type Say = (content: string, clientMessageId: string) => Promise<boolean>;

/** Writes some messages into an order's room, over HTTP or a socket, until all are said or the room is closed. */
export async function talk(shopper: Shopper, orderId: string, random: Random): Promise<void> {
  const messages = Array.from({ length: 1 + random.below(MOST_MESSAGES) }, (_, index) => `Question ${index}`);
  if (random.chance(0.5)) await overSocket(shopper, orderId, (say) => sayAll(messages, say));
  else await sayAll(messages, overHttp(shopper, orderId));
}

/** One after the other; false ends it. */
async function sayAll(messages: readonly string[], say: Say): Promise<void> {
  for (const content of messages) if (!(await say(content, randomUUID()))) return;
}

const overHttp =
  (shopper: Shopper, orderId: string): Say =>
  async (content, clientMessageId) => {
    const body = { content, clientMessageId };
    const answer = await shopper.insist(`POST /api/chat/${orderId}/messages`, { body, settled: [409] });
    return (answer as { code?: string }).code === undefined;
  };

async function overSocket(
  shopper: Shopper,
  orderId: string,
  work: (say: Say) => Promise<void>,
): Promise<void> {
  const socket = io(shopper.url, {
    auth: { token: shopper.token },
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelayMax: 1_000,
  });
  const say: Say = async (content, clientMessageId) => {
    const until = Date.now() + PERSISTENCE_MS;
    const sent = { orderId, content, clientMessageId };
    for (;;) {
      const [at, started] = [new Date(), performance.now()];
      const body = await socket
        .timeout(ACK_WITHIN_MS)
        .emitWithAck('sendMessage', sent)
        .then(
          (ack) => ack as Ack,
          () => undefined,
        );
      // A socket that gets no answer tries again by itself; nobody waits in front of it as at an HTTP request.
      if (body?.ok) {
        const ms = performance.now() - started;
        shopper.history.push({
          request: 'SOCKET sendMessage',
          sent,
          key: undefined,
          at,
          ms,
          status: 201,
          body,
        });
        return true;
      }
      if (body !== undefined && LASTING.includes(body.code)) {
        if (body.code !== 'ROOM_CLOSED') throw new Error(`sendMessage: ${JSON.stringify(body)}`);
        return false;
      }
      if (Date.now() > until)
        throw new Error(`sendMessage: ${JSON.stringify(body)} for ${PERSISTENCE_MS} ms`);
      await pause(200);
    }
  };
  try {
    await work(say);
  } finally {
    socket.disconnect();
  }
}
