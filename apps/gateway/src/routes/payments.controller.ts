import { Controller, Get, Post, Req } from '@nestjs/common';
import {
  GetPayment,
  PaymentProviderName,
  ReceiveWebhook,
  RefundPayment,
} from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { success } from '../http/answer.js';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

const Received = z.object({ received: z.literal(true) });

@Controller('payments')
export class PaymentsController {
  constructor(
    private readonly rpc: RpcClient,
    private readonly forwarder: Forwarder,
  ) {}

  @Get(':id')
  @Operation({ summary: 'One payment', who: 'user', call: GetPayment, fails: ['NOT_FOUND'], fresh: true })
  get(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(':id/refund')
  @Operation({
    summary: 'Give money back',
    description: 'Without an amount: all that is left.',
    who: 'admin',
    call: RefundPayment,
    fails: ['NOT_FOUND', 'REFUND_EXCEEDS_CAPTURED', 'REFUND_REFUSED'],
    example: { amount: 5, reason: 'Damaged on arrival' },
  })
  refund(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(['webhook/stripe', 'webhook/paypal', 'webhook/sandbox'])
  @Operation({
    summary: 'Where a payment provider reports',
    description: 'The signature is over the body as it is sent. 200: it is stored.',
    who: 'all',
    output: Received,
    accepts: ['application/json'],
    fails: ['WEBHOOK_NOT_GENUINE'],
    limit: 'none',
  })
  async webhook(@Req() request: FastifyRequest, @Context() ctx: MessageContext) {
    const provider = PaymentProviderName.parse(request.routeOptions.url?.split('/').at(-1)?.toUpperCase());
    const body = Buffer.isBuffer(request.body) ? request.body.toString('base64') : '';
    await this.rpc.forward(ReceiveWebhook, { provider, headers: headersOf(request), body }, ctx);
    return success({ received: true });
  }
}

const OURS = new Set(['cookie', 'authorization']);

/** The headers a signature may be in, each once. */
const headersOf = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      (header): header is [string, string] => typeof header[1] === 'string' && !OURS.has(header[0]),
    ),
  );
