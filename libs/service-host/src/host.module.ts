import { type DynamicModule, Module } from '@nestjs/common';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { Database } from '@order-system/prisma/database';
import { Clock } from './clock.js';
import { JobRunner } from './job-runner.js';
import type { ServiceDefinition } from './service.js';

/** What every service may inject: Database, RpcClient, Clock, JobRunner. */
@Module({})
export class HostModule {
  static around(
    { name, module, jobs = [], startUp = [] }: ServiceDefinition,
    db: Database,
    rpc: RpcClient,
  ): DynamicModule {
    const runner = { provide: JobRunner, useFactory: () => new JobRunner(name) };
    const provided = [
      { provide: Database, useValue: db },
      { provide: RpcClient, useValue: rpc },
      runner,
      Clock,
    ];
    const host = {
      module: HostModule,
      global: true,
      providers: provided,
      exports: [Database, RpcClient, Clock, JobRunner],
    };
    return { module: Root, imports: [host, { module, providers: [...jobs, ...startUp] }] };
  }
}

@Module({})
class Root {}
