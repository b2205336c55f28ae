import { Controller, Get, Patch, Post } from '@nestjs/common';
import {
  GetPreferences,
  ListMailbox,
  ListNotifications,
  ReadAllNotifications,
  ReadNotification,
  SetPreferences,
} from '@order-system/contracts/notifications.contracts';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Operation } from '../openapi/operation.js';

@Controller('notifications')
export class NotificationsController {
  constructor(private readonly forwarder: Forwarder) {}

  @Get()
  @Operation({
    summary: 'Own notifications, the newest first',
    description: 'meta.unread counts all that are unread.',
    who: 'user',
    call: ListNotifications,
    answer: 'page',
  })
  list(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get('preferences')
  @Operation({ summary: 'The channels of each kind of notification', who: 'user', call: GetPreferences })
  preferences(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Patch('preferences')
  @Operation({
    summary: 'Choose channels',
    description: 'Kinds that are not named stay as they are.',
    who: 'user',
    call: SetPreferences,
    example: { preferences: { NEW_MESSAGE: ['IN_APP'] } },
  })
  setPreferences(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get('mailbox')
  @Operation({
    summary: 'Mail that was kept because there is no SMTP server',
    who: 'admin',
    call: ListMailbox,
    answer: 'page',
  })
  mailbox(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post('read-all')
  @Operation({ summary: 'Mark all as read', who: 'user', call: ReadAllNotifications })
  readAll(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':id/read')
  @Operation({ summary: 'Mark one as read', who: 'user', call: ReadNotification, fails: ['NOT_FOUND'] })
  read(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }
}
