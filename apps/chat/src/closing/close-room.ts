import { Injectable } from '@nestjs/common';
import { assertStaff, signedIn } from '@order-system/contracts/actor';
import { ChatClosed, type CloseRoom } from '@order-system/contracts/chat.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError, isFinalRefusal } from '@order-system/contracts/errors';
import { GetOrder, type Order, SettleReview } from '@order-system/contracts/orders.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { stillRunning } from '@order-system/messaging/idempotency';
import { emit, fact } from '@order-system/messaging/outbox';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { logger } from '@order-system/observability/logger';
import { Database, type Tx } from '@order-system/prisma/database';
import { OpenRoom } from '../room/open-room.js';
import { readRoom, toRoom } from '../room/room.read.js';
import { roomIdOf } from '../room/room.rules.js';
import { claimKey, dropKey, keepAnswer, type KeptAnswer } from './closing-key.store.js';
import {
  askedFor,
  type Closing,
  dropClosing,
  insertClosing,
  releaseClosing,
  roomClosed,
  saveClosed,
  takeOverClosing,
} from './closing.store.js';

const log = logger('chat');

type Input = CallInput<typeof CloseRoom>;
type Answer = CallOutput<typeof CloseRoom>;

/**
 * Closes a room and settles its order, both or neither: the closing is noted, which ends all writing; orders applies
 * it once under its id, or refuses; the room is closed, or open again. Whoever finds a closing that stopped in the
 * middle can go on from there.
 */
@Injectable()
export class RoomClosing {
  constructor(
    private readonly db: Database,
    private readonly rpc: RpcClient,
    private readonly rooms: OpenRoom,
  ) {}

  async close(input: Input, ctx: MessageContext): Promise<Answer> {
    assertStaff(ctx.actor, 'close a room');
    const begun = await this.rooms.around(input.orderId, ctx, async () => {
      await readRoom(this.db, input.orderId, ctx.actor);
      return this.db.inTx((tx) => beginClosing(tx, input, ctx));
    });
    if ('kept' in begun) return this.answerAgain(begun.kept, ctx);
    try {
      return await this.finish(begun.closing, ctx);
    } catch (error) {
      if (!isFinalRefusal(error)) await this.letGo(begun.closing);
      throw error;
    }
  }

  /** Throws what orders refused with; the room is open again then. After any other error the closing waits. */
  async finish(closing: Closing, ctx: MessageContext): Promise<Answer> {
    const order = await this.settle(closing, ctx);
    const answer = await this.db.inTx((tx) => endClosing(tx, closing, order, ctx));
    if (answer) return answer;
    // Another process has ended it meanwhile.
    const room = await readRoom(this.db, closing.orderId, ctx.actor);
    if (!room.closed)
      throw new DomainError('STALE_WRITE', 'The closing was given up meanwhile; close it again.');
    return { room, order };
  }

  /** What the key does not keep is as the order has it now. */
  private async answerAgain({ room, order }: KeptAnswer, ctx: MessageContext): Promise<Answer> {
    const { description, specifications, metadata, shippingAddress, notes } = await this.rpc.call(
      GetOrder,
      { id: order.id },
      ctx,
    );
    return { room, order: { ...order, description, specifications, metadata, shippingAddress, notes } };
  }

  private async settle(closing: Closing, ctx: MessageContext): Promise<Order> {
    const { orderId: id, ...asked } = askedFor(closing);
    try {
      return await this.rpc.call(SettleReview, { ...asked, id, closingId: closing.id }, ctx);
    } catch (error) {
      if (isFinalRefusal(error))
        await this.db.inTx(async (tx) => {
          await dropClosing(tx, closing);
          await dropKey(tx, closing);
        });
      throw error;
    }
  }

  private async letGo(closing: Closing): Promise<void> {
    try {
      await releaseClosing(this.db, closing);
    } catch (err) {
      log.warn({ err, orderId: closing.orderId }, 'the closing waits until its lease ends');
    }
  }
}

async function beginClosing(
  tx: Tx,
  input: Input,
  ctx: MessageContext,
): Promise<{ closing: Closing } | { kept: KeptAnswer }> {
  const by = signedIn(ctx.actor);
  const known = await claimKey(tx, input, ctx);
  if (typeof known === 'object') return { kept: known };
  const wanted = { ...input, by, correlationId: ctx.correlationId };
  const closing = (await insertClosing(tx, wanted)) ?? (await takeOverClosing(tx, wanted));
  if (closing) return { closing };
  if (known === 'new') throw roomClosed('The room is closed, or being closed.');
  throw stillRunning();
}

async function endClosing(
  tx: Tx,
  closing: Closing,
  order: Order,
  ctx: MessageContext,
): Promise<Answer | undefined> {
  const closed = await saveClosed(tx, closing);
  if (!closed) return undefined;
  const { version, ...row } = closed;
  const { orderId, userId: ownerId } = row;
  const answer = { room: toRoom(row), order };
  await keepAnswer(tx, closing, answer);
  const aggregate = { type: 'room', id: roomIdOf(orderId), version };
  await emit(tx, ctx, [fact(ChatClosed, aggregate, { orderId, ownerId, summary: closing.summary })]);
  return answer;
}
