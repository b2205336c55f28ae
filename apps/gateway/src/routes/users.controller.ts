import { Controller, Delete, Get, Patch, Req, Res } from '@nestjs/common';
import { SessionCheck } from '@order-system/auth/session-check';
import {
  DeleteUser,
  GetUser,
  ListUsers,
  SetRole,
  UpdateProfile,
} from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { Nothing } from '@order-system/contracts/primitives';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { success } from '../http/answer.js';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Input, parse, readBody, strictly } from '../http/input.js';
import { clearRefreshCookie } from '../http/refresh-cookie.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

/** The access guard let only those in who have one. */
const ownId = ({ actor }: MessageContext): string => actor.id ?? '';

@Controller('users')
export class UsersController {
  constructor(
    private readonly rpc: RpcClient,
    private readonly forwarder: Forwarder,
    private readonly sessions: SessionCheck,
  ) {}

  @Get('profile')
  @Operation({ summary: 'Own profile', who: 'user', output: GetUser.output })
  async profile(@Context() ctx: MessageContext) {
    return success(await this.rpc.forward(GetUser, { id: ownId(ctx) }, ctx));
  }

  @Patch('profile')
  @Operation({
    summary: 'Change the own profile',
    description: 'A new e-mail address or password needs the current password.',
    who: 'user',
    call: UpdateProfile,
    fails: ['EMAIL_TAKEN', 'INVALID_CREDENTIALS', 'STALE_WRITE'],
    example: { name: 'Ada King', phone: '+44 20 7946 0000' },
  })
  async update(@Checked() call: CheckedCall) {
    const updated = await this.forwarder.forward(call);
    // A new password has ended the other sessions.
    this.sessions.forgetUser(ownId(call.ctx));
    return updated;
  }

  @Delete('profile')
  @Operation({
    summary: 'Erase the own account',
    who: 'user',
    answer: 'none',
    status: 204,
    fails: ['LAST_ADMIN'],
    fresh: true,
  })
  async erase(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Context() ctx: MessageContext,
  ): Promise<void> {
    parse(strictly(Nothing), readBody(request));
    await this.rpc.forward(DeleteUser, { id: ownId(ctx) }, ctx);
    this.sessions.forgetUser(ownId(ctx));
    clearRefreshCookie(reply);
  }

  @Get()
  @Operation({ summary: 'Find users', who: 'admin', call: ListUsers, answer: 'page' })
  list(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Get(':id')
  @Operation({ summary: 'One user', who: 'admin', call: GetUser, fails: ['NOT_FOUND'] })
  get(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Patch(':id/role')
  @Operation({
    summary: "Change a user's role",
    who: 'admin',
    call: SetRole,
    fails: ['NOT_FOUND', 'LAST_ADMIN'],
    example: { role: 'admin' },
  })
  async setRole(@Input(SetRole) input: CallInput<typeof SetRole>, @Context() ctx: MessageContext) {
    const user = await this.rpc.forward(SetRole, input, ctx);
    this.sessions.forgetUser(input.id);
    return success(user);
  }

  @Delete(':id')
  @Operation({
    summary: 'Erase an account',
    who: 'admin',
    call: DeleteUser,
    answer: 'none',
    status: 204,
    fails: ['NOT_FOUND', 'LAST_ADMIN'],
  })
  async remove(
    @Input(DeleteUser) input: CallInput<typeof DeleteUser>,
    @Context() ctx: MessageContext,
  ): Promise<void> {
    await this.rpc.forward(DeleteUser, input, ctx);
    this.sessions.forgetUser(input.id);
  }
}
