import { Controller, Get } from '@nestjs/common';
import { DomainError } from '@order-system/contracts/errors';
import { SERVICES } from '@order-system/contracts/services';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { z } from 'zod';
import { success } from '../http/answer.js';
import { Operation } from '../openapi/operation.js';

const ServiceHealth = z.object({
  service: z.string(),
  up: z.boolean(),
  latencyMs: z.number().nullable().meta({ description: 'How long it took to answer; null when it did not' }),
});
type ServiceHealth = z.output<typeof ServiceHealth>;

const KEPT_MS = 1000;

@Controller('health')
export class HealthController {
  private last?: { at: number; report: Promise<ServiceHealth[]> };

  constructor(private readonly rpc: RpcClient) {}

  @Get()
  @Operation({
    summary: 'Whether each service answers',
    who: 'all',
    output: z.object({ services: z.array(ServiceHealth) }),
    limit: 'none',
  })
  async health() {
    const services = await this.report();
    const down = services.filter(({ up }) => !up).map(({ service }) => service);
    if (down.length > 0)
      throw new DomainError('SERVICE_UNAVAILABLE', `No answer from ${down.join(', ')}.`, { services });
    return success({ services });
  }

  /** Asked at most once a second, however many ask us. */
  private report(): Promise<ServiceHealth[]> {
    const now = performance.now();
    if (this.last === undefined || now - this.last.at > KEPT_MS)
      this.last = { at: now, report: Promise.all(SERVICES.map((service) => this.ping(service))) };
    return this.last.report;
  }

  private async ping(service: string): Promise<ServiceHealth> {
    try {
      const latency = await this.rpc.ping(service);
      return { service, up: true, latencyMs: Math.round(latency * 10) / 10 };
    } catch {
      return { service, up: false, latencyMs: null };
    }
  }
}
