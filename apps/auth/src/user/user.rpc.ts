import { Controller } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import {
  DeleteUser,
  GetContacts,
  GetUser,
  ListUsers,
  RegisterUser,
  SetRole,
  UpdateProfile,
} from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { deleteUser } from './delete-user.js';
import { RegisterNewUser } from './register-user.js';
import { setRole } from './set-role.js';
import { UpdateOwnProfile } from './update-profile.js';
import { findContacts, findUser, listUsers } from './user.read.js';
import { assertMayRead } from './user.rules.js';

@Controller()
export class UserRpc {
  constructor(
    private readonly db: Database,
    private readonly registering: RegisterNewUser,
    private readonly updateOwnProfile: UpdateOwnProfile,
  ) {}

  @Rpc(RegisterUser)
  register(input: CallInput<typeof RegisterUser>, ctx: MessageContext) {
    return this.registering.execute(input, ctx);
  }

  @Rpc(GetUser)
  async get({ id }: CallInput<typeof GetUser>, ctx: MessageContext) {
    assertMayRead(ctx.actor, id);
    const user = await findUser(this.db, id);
    if (!user) throw notFound('user');
    return user;
  }

  @Rpc(GetContacts)
  async contacts({ ids }: CallInput<typeof GetContacts>, { actor }: MessageContext) {
    if (actor.role !== 'system') throw notFound('user');
    return { contacts: await findContacts(this.db, ids) };
  }

  @Rpc(UpdateProfile)
  updateProfile(input: CallInput<typeof UpdateProfile>, ctx: MessageContext) {
    return this.updateOwnProfile.execute(input, ctx);
  }

  @Rpc(ListUsers)
  async list(input: CallInput<typeof ListUsers>, ctx: MessageContext) {
    assertStaff(ctx.actor, 'list users');
    return listUsers(this.db, input);
  }

  @Rpc(SetRole)
  setRole(input: CallInput<typeof SetRole>, ctx: MessageContext) {
    return this.db.inTx((tx) => setRole(tx, input, ctx));
  }

  @Rpc(DeleteUser)
  delete(input: CallInput<typeof DeleteUser>, ctx: MessageContext) {
    return this.db.inTx((tx) => deleteUser(tx, input, ctx));
  }
}
