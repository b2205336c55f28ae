import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { WireOutput } from '@order-system/contracts/define';
import { GetSandboxSession, SettleSandboxSession } from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { success } from '../http/answer.js';
import { once, parse, readBody } from '../http/input.js';
import type { Problem } from '../http/problem.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';
import { PAGE_CSP, refusedPage, sandboxPage, settledPage } from './sandbox-page.js';

const PAGES = { problemPage: (reply: FastifyReply, problem: Problem) => html(reply, refusedPage(problem)) };

const Choice = SettleSandboxSession.input.pick({ outcome: true });

/** The page of the built-in payment provider. Who has the link may pay. */
@Controller('payments/sandbox')
export class SandboxController {
  constructor(private readonly rpc: RpcClient) {}

  @Get(':id')
  @RouteConfig(PAGES)
  @Operation({
    summary: 'The payment page of the sandbox provider',
    description: 'Who asks for text/html gets errors as a page, too.',
    who: 'all',
    answer: 'html',
    query: ['secret'],
    fails: ['NOT_FOUND'],
  })
  async page(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Context() ctx: MessageContext,
  ): Promise<string> {
    const session = await this.rpc.forward(
      GetSandboxSession,
      parse(GetSandboxSession.input, linkOf(request)),
      ctx,
    );
    return html(reply, sandboxPage(session));
  }

  @Post(':id')
  @RouteConfig(PAGES)
  @Operation({
    summary: 'Pay or decline',
    description:
      "Answers at once; the provider's signed webhook follows. A form is answered with a page. " +
      'Who asks for text/html gets errors as a page, too.',
    who: 'all',
    body: Choice,
    output: SettleSandboxSession.output,
    query: ['secret'],
    accepts: ['application/json', 'application/x-www-form-urlencoded'],
    fails: ['NOT_FOUND', 'NOT_PAYABLE'],
    example: { outcome: 'pay' },
  })
  async settle(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Context() ctx: MessageContext,
  ): Promise<string | { status: 'success'; data: WireOutput<typeof SettleSandboxSession> }> {
    const choice = parse(Choice, readBody(request));
    const input = parse(SettleSandboxSession.input, { ...choice, ...linkOf(request) });
    const session = await this.rpc.forward(SettleSandboxSession, input, ctx);
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
    return isForm ? html(reply, settledPage(session)) : success(session);
  }
}

const linkOf = (request: FastifyRequest): { id: string; secret: unknown } => ({
  id: (request.params as { id: string }).id,
  secret: once(request.query as Record<string, unknown>)['secret'],
});

function html(reply: FastifyReply, page: string): string {
  void reply.type('text/html; charset=utf-8').header('content-security-policy', PAGE_CSP);
  return page;
}
