import { AccessTokens, ALGORITHM, AUDIENCE, ISSUER } from '@order-system/auth/tokens';
import { Database } from '@order-system/prisma/database';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { JwtService } from '@nestjs/jwt';
import { CheckPassword } from './password/check-password.js';
import { Passwords } from './password/passwords.js';
import { LogInUser } from './session/log-in.js';
import { SessionRpc } from './session/session.rpc.js';
import { RegisterNewUser } from './user/register-user.js';
import { UpdateOwnProfile } from './user/update-profile.js';
import { UserRpc } from './user/user.rpc.js';

const config = {
  JWT_SECRET: 'a-secret-of-the-tests',
  ACCESS_TOKEN_TTL: 600_000,
  REFRESH_TOKEN_TTL: 30 * 86_400_000,
  PASSWORD_COST: 4,
};

/** The service's edges on a database of their own. */
export async function startAuth() {
  const test = await createTestDatabase();
  const db = new Database({ url: test.url, service: 'auth' });
  const jwt = new JwtService({
    secret: config.JWT_SECRET,
    signOptions: { algorithm: ALGORITHM, issuer: ISSUER, audience: AUDIENCE },
    verifyOptions: { algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE },
  });
  const tokens = new AccessTokens(jwt, config);
  const passwords = new Passwords(config);
  const checkPassword = new CheckPassword(db, passwords);
  return {
    db,
    tokens,
    passwords,
    sessions: new SessionRpc(db, new LogInUser(db, checkPassword, tokens, config), tokens),
    users: new UserRpc(
      db,
      new RegisterNewUser(db, passwords, checkPassword),
      new UpdateOwnProfile(db, passwords, checkPassword),
    ),
    async close() {
      await db.close();
      await test.drop();
    },
  };
}

export type Auth = Awaited<ReturnType<typeof startAuth>>;
