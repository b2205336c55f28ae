import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessTokens } from '@order-system/auth/tokens';
import type { Role } from '@order-system/contracts/primitives';
import { type RpcReply } from '@order-system/messaging/rpc-reply';
import { RpcClient, type RpcRequest } from '@order-system/messaging/rpc-client';
import { DomainError, type ErrorCode, type ErrorFacts } from '@order-system/contracts/errors';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { type GatewayConfig, readGatewayConfig } from './gateway.config.js';
import { buildGateway, type Gateway } from './gateway.app.js';

export const ADA = {
  userId: '01935b2c-7f8a-7c3e-9d4b-000000000001',
  sessionId: '01935b2c-7f8a-4c3e-9d4b-00000000000a',
};
export const ADMIN = {
  userId: '01935b2c-7f8a-7c3e-9d4b-000000000002',
  sessionId: '01935b2c-7f8a-4c3e-9d4b-00000000000b',
};
export const AN_ID = '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b';

export const aProduct = {
  id: AN_ID,
  sku: 'MUG-01',
  name: 'Blue mug',
  description: '',
  price: 19.99,
  currency: 'USD',
  category: 'Kitchen',
  imageUrl: null,
  stock: 3,
  status: 'ACTIVE',
  createdAt: '2026-01-31T09:30:00.000Z',
  updatedAt: '2026-01-31T09:30:00.000Z',
};

type Answer = (request: RpcRequest) => unknown;

/** Stands in for all services: answers as told, and remembers what it was asked. */
class StubServices extends RpcClient {
  readonly asked: RpcRequest[] = [];
  beforeAuthAnswers = async (): Promise<void> => undefined;
  private readonly answers = new Map<string, Answer>();
  private readonly roles = new Map<string, { userId: string; role: Role }>([
    [ADA.sessionId, { userId: ADA.userId, role: 'user' }],
    [ADMIN.sessionId, { userId: ADMIN.userId, role: 'admin' }],
  ]);

  answer(call: string, answer: Answer): void {
    this.answers.set(call, answer);
  }

  refuse(call: string, code: ErrorCode, facts: ErrorFacts = {}): void {
    this.answer(call, () => {
      throw new DomainError(code, 'No.', facts);
    });
  }

  endSession(sessionId: string): void {
    this.roles.delete(sessionId);
  }

  lastTo(call: string): RpcRequest | undefined {
    return this.asked.findLast(({ name }) => name === call);
  }

  protected override async send(request: RpcRequest): Promise<RpcReply> {
    if (request.name === 'auth.checkSession') {
      const { sessionId } = request.data as { sessionId: string };
      await this.beforeAuthAnswers();
      return { response: { session: this.roles.get(sessionId) ?? null } };
    }
    this.asked.push(request);
    return { response: (await this.answers.get(request.name)?.(request)) ?? {} };
  }

  override async close(): Promise<void> {}
}

export interface Door extends Gateway {
  services: StubServices;
  send(options: InjectOptions): Promise<LightMyRequestResponse>;
  bearer(of: { userId: string; sessionId: string }, role?: Role): { authorization: string };
  close(): Promise<void>;
}

/** The whole gateway over stubbed services, and its sockets when `prepare` serves them. */
export async function startGateway(
  env: Record<string, string> = {},
  prepare: (app: NestFastifyApplication, config: GatewayConfig) => Promise<void> = async () => undefined,
): Promise<Door> {
  process.env['JWT_SECRET'] ??= 'a secret for tests only, 0123456789abcdef';
  const services = new StubServices();
  const config = readGatewayConfig({ TOPOLOGY: 'embedded', ...env });
  const gateway = await buildGateway(services, config, (app) => prepare(app, config));
  const tokens = gateway.app.get(AccessTokens, { strict: false });
  return {
    ...gateway,
    services,
    send: (options) => gateway.app.inject(options) as unknown as Promise<LightMyRequestResponse>,
    bearer: (of, role = 'user') => ({ authorization: `Bearer ${tokens.issue({ ...of, role }).token}` }),
    close: () => gateway.app.close(),
  };
}
