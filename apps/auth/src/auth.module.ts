import { Module } from '@nestjs/common';
import { TokensModule } from '@order-system/auth/tokens.module';
import { defineService } from '@order-system/service-host/service';
import { AUTH_CONFIG, readAuthConfig } from './auth.config.js';
import { CheckPassword } from './password/check-password.js';
import { Passwords } from './password/passwords.js';
import { PruneSessions } from './session/prune-sessions.job.js';
import { LogInUser } from './session/log-in.js';
import { SessionRpc } from './session/session.rpc.js';
import { FirstAdmin } from './user/create-first-admin.js';
import { RegisterNewUser } from './user/register-user.js';
import { UpdateOwnProfile } from './user/update-profile.js';
import { UserRpc } from './user/user.rpc.js';

@Module({
  imports: [TokensModule],
  controllers: [SessionRpc, UserRpc],
  providers: [
    { provide: AUTH_CONFIG, useFactory: () => readAuthConfig() },
    Passwords,
    CheckPassword,
    LogInUser,
    RegisterNewUser,
    UpdateOwnProfile,
  ],
})
class AuthModule {}

export const auth = defineService({
  name: 'auth',
  module: AuthModule,
  jobs: [PruneSessions],
  startUp: [FirstAdmin],
});
