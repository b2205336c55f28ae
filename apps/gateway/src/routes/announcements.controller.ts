import { Controller, Post } from '@nestjs/common';
import { Announce } from '@order-system/contracts/notifications.contracts';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Operation } from '../openapi/operation.js';

@Controller('announcements')
export class AnnouncementsController {
  constructor(private readonly forwarder: Forwarder) {}

  @Post()
  @Operation({
    summary: 'Tell something to everyone who is connected',
    who: 'admin',
    call: Announce,
    status: 201,
    example: { message: 'We are closed on Monday.' },
  })
  announce(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }
}
