import { Injectable } from '@nestjs/common';
import { hasCode, notFound } from '@order-system/contracts/errors';
import { GetOrder } from '@order-system/contracts/orders.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { insertRoom } from './room.store.js';

/** People write right after placing an order, when the event that makes the room may still be on its way. */
@Injectable()
export class OpenRoom {
  constructor(
    private readonly db: Database,
    private readonly rpc: RpcClient,
  ) {}

  /** Does the work, and when there is no room for it although there is an order, makes the room and does it again. */
  async around<T>(orderId: string, ctx: MessageContext, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, 'NOT_FOUND') || !(await this.isMade(orderId, ctx))) throw error;
    }
    return work();
  }

  private async isMade(orderId: string, ctx: MessageContext): Promise<boolean> {
    const { id, role } = ctx.actor;
    if (id === null) return false;
    const [room] = await this.db.query<{ userId: string }>(sql`
      SELECT user_id AS "userId" FROM chat.room WHERE order_id = ${orderId}`);
    if (room) return role === 'admin' || room.userId === id;
    try {
      const { number, userId, createdAt } = await this.rpc.call(GetOrder, { id: orderId }, ctx);
      await insertRoom(this.db, { orderId, orderNumber: number, userId, createdAt });
      return true;
    } catch (error) {
      throw hasCode(error, 'NOT_FOUND') ? notFound('room') : error;
    }
  }
}
