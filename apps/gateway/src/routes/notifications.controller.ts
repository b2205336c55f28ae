import { Controller, Get, Patch, Post } from '@nestjs/common';
import type { CallInput } from '@order-system/contracts/define';
import {
  GetPreferences,
  ListMailbox,
  ListNotifications,
  ReadAllNotifications,
  ReadNotification,
  SetPreferences,
} from '@order-system/contracts/notifications.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { pageOf, success } from '../http/answer.js';
import { Input } from '../http/input.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

@Controller('notifications')
export class NotificationsController {
  constructor(private readonly rpc: RpcClient) {}

  @Get()
  @Operation({
    summary: 'Own notifications, the newest first',
    description: 'meta.unread counts all that are unread.',
    who: 'user',
    call: ListNotifications,
    answer: 'page',
  })
  async list(
    @Input(ListNotifications) input: CallInput<typeof ListNotifications>,
    @Context() ctx: MessageContext,
  ) {
    return pageOf(await this.rpc.forward(ListNotifications, input, ctx), input);
  }

  @Get('preferences')
  @Operation({ summary: 'The channels of each kind of notification', who: 'user', call: GetPreferences })
  async preferences(
    @Input(GetPreferences) input: CallInput<typeof GetPreferences>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(GetPreferences, input, ctx));
  }

  @Patch('preferences')
  @Operation({
    summary: 'Choose channels',
    description: 'Kinds that are not named stay as they are.',
    who: 'user',
    call: SetPreferences,
    example: { preferences: { NEW_MESSAGE: ['IN_APP'] } },
  })
  async setPreferences(
    @Input(SetPreferences) input: CallInput<typeof SetPreferences>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(SetPreferences, input, ctx));
  }

  @Get('mailbox')
  @Operation({
    summary: 'Mail that was kept because there is no SMTP server',
    who: 'admin',
    call: ListMailbox,
    answer: 'page',
  })
  async mailbox(@Input(ListMailbox) input: CallInput<typeof ListMailbox>, @Context() ctx: MessageContext) {
    return pageOf(await this.rpc.forward(ListMailbox, input, ctx), input);
  }

  @Post('read-all')
  @Operation({ summary: 'Mark all as read', who: 'user', call: ReadAllNotifications })
  async readAll(
    @Input(ReadAllNotifications) input: CallInput<typeof ReadAllNotifications>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(ReadAllNotifications, input, ctx));
  }

  @Post(':id/read')
  @Operation({ summary: 'Mark one as read', who: 'user', call: ReadNotification, fails: ['NOT_FOUND'] })
  async read(
    @Input(ReadNotification) input: CallInput<typeof ReadNotification>,
    @Context() ctx: MessageContext,
  ) {
    return success(await this.rpc.forward(ReadNotification, input, ctx));
  }
}
