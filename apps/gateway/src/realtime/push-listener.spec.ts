import { expect, it } from '@jest/globals';
import type { SessionCheck } from '@order-system/auth/session-check';
import { SessionEnded } from '@order-system/contracts/auth.contracts';
import type { EventContract } from '@order-system/contracts/define';
import { AnnouncementMade } from '@order-system/contracts/notifications.contracts';
import { SYSTEM } from '@order-system/contracts/primitives';
import type { EventBroker, Receive } from '@order-system/messaging/broker';
import { newId } from '@order-system/prisma/id';
import type { Server } from 'socket.io';
import { PushListener } from './push-listener.js';
import { rooms } from './pushes.js';

/** A gateway with a socket in every room it is asked for: what it sends, and whose sockets it ends. */
async function listening() {
  const pushed: string[] = [];
  const cut: string[] = [];
  const io = {
    sockets: { adapter: { rooms: { has: (room: string) => room !== rooms.watchers } } },
    local: {
      to: () => ({ emit: (name: string) => pushed.push(name) }),
      in: (room: string) => ({ disconnectSockets: () => cut.push(room) }),
    },
  };
  const sessions = { forgetSession: () => undefined, forgetUser: () => undefined };
  let receive: Receive | undefined;
  const broker: Pick<EventBroker, 'subscribe'> = {
    subscribe: async (_consumer, _prefetch, handle) => {
      receive = handle;
      return { close: async () => undefined };
    },
  };
  await new PushListener(io as unknown as Server, sessions as unknown as SessionCheck).listen(
    broker as EventBroker,
  );
  return { pushed, cut, hear: (raw: unknown) => receive!({ raw, text: '', early: 0 }) };
}

const happened = ({ type, version }: EventContract, data: object, secondsAgo = 0) => ({
  id: newId(),
  type,
  version,
  data,
  aggregate: { type: 'test', id: newId(), version: 1 },
  actor: SYSTEM,
  correlationId: 'c',
  causationId: null,
  occurredAt: new Date(Date.now() - secondsAgo * 1000).toISOString(),
});
const announced = (secondsAgo?: number) =>
  happened(AnnouncementMade, { message: 'Hello', at: new Date().toISOString() }, secondsAgo);

it('an event that is published again is pushed once', async () => {
  const { pushed, hear } = await listening();
  const event = announced();
  for (const one of [event, event, announced()]) await hear(one);
  expect(pushed).toEqual(['announcement', 'announcement']);
});

it('an event that is published again after thousands of others is pushed once, too', async () => {
  const { pushed, hear } = await listening();
  const event = announced();
  await hear(event);
  for (let others = 0; others < 5000; others += 1) await hear(announced());
  await hear(event);
  expect(pushed).toHaveLength(5001);
});

it('what waited for more than a minute is no news any more, but still ends sessions', async () => {
  const { pushed, cut, hear } = await listening();
  await hear(announced());
  await hear(announced(90));
  const sessionId = newId();
  await hear(happened(SessionEnded, { userId: newId(), sessionId, reason: 'logout' }, 90));
  expect(pushed).toEqual(['announcement']);
  expect(cut).toEqual([rooms.session(sessionId)]);
});
