import { Controller } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import {
  CloseRoom,
  EnterRoom,
  GetRoom,
  GetTranscript,
  ListMessages,
  ListRooms,
  MarkRead,
  SendMessage,
} from '@order-system/contracts/chat.contracts';
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { isDuplicate } from '@order-system/prisma/sql-errors';
import { RoomClosing } from '../closing/close-room.js';
import { markRead } from './mark-read.js';
import { OpenRoom } from './open-room.js';
import { listRooms, readEntrance, readMessages, readRoom, readTranscript } from './room.read.js';
import { TWIN } from './room.store.js';
import { sendMessage } from './send-message.js';

@Controller()
export class RoomRpc {
  constructor(
    private readonly db: Database,
    private readonly rooms: OpenRoom,
    private readonly closing: RoomClosing,
  ) {}

  @Rpc(GetRoom)
  get({ orderId }: CallInput<typeof GetRoom>, ctx: MessageContext) {
    return this.rooms.around(orderId, ctx, () => readRoom(this.db, orderId, ctx.actor));
  }

  @Rpc(EnterRoom)
  enter({ orderId }: CallInput<typeof EnterRoom>, ctx: MessageContext) {
    return this.rooms.around(orderId, ctx, () => readEntrance(this.db, orderId, ctx.actor));
  }

  @Rpc(ListMessages)
  messages(input: CallInput<typeof ListMessages>, ctx: MessageContext) {
    return this.rooms.around(input.orderId, ctx, () => readMessages(this.db, input, ctx.actor));
  }

  @Rpc(GetTranscript)
  transcript({ orderId }: CallInput<typeof GetTranscript>, ctx: MessageContext) {
    return this.rooms.around(orderId, ctx, () => readTranscript(this.db, orderId, ctx.actor));
  }

  @Rpc(SendMessage)
  send(input: CallInput<typeof SendMessage>, ctx: MessageContext) {
    const attempt = () =>
      this.db.inTx((tx) => once(tx, ctx, SendMessage, input, () => sendMessage(tx, input, ctx)));
    return this.rooms.around(input.orderId, ctx, async () => {
      try {
        return await attempt();
      } catch (error) {
        // The same message was stored at the very same moment: now it can be seen.
        if (!isDuplicate(error, TWIN)) throw error;
        return attempt();
      }
    });
  }

  @Rpc(MarkRead)
  read(input: CallInput<typeof MarkRead>, ctx: MessageContext) {
    return this.rooms.around(input.orderId, ctx, () =>
      this.db.inTx((tx) => once(tx, ctx, MarkRead, input, () => markRead(tx, input, ctx))),
    );
  }

  @Rpc(CloseRoom)
  close(input: CallInput<typeof CloseRoom>, ctx: MessageContext) {
    return this.closing.close(input, ctx);
  }

  @Rpc(ListRooms)
  list(input: CallInput<typeof ListRooms>, { actor }: MessageContext) {
    assertStaff(actor, 'look into the inbox of all rooms');
    return listRooms(this.db, input, actor);
  }
}
