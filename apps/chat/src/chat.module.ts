import { Module } from '@nestjs/common';
import { defineService } from '@order-system/service-host/service';
import { RoomClosing } from './closing/close-room.js';
import { FinishClosings } from './closing/finish-closings.job.js';
import { OpenRoom } from './room/open-room.js';
import { chatOrders } from './room/room.consumer.js';
import { RoomRpc } from './room/room.rpc.js';

@Module({ controllers: [RoomRpc], providers: [OpenRoom, RoomClosing] })
class ChatModule {}

export const chat = defineService({
  name: 'chat',
  module: ChatModule,
  consumers: [chatOrders],
  jobs: [FinishClosings],
});
