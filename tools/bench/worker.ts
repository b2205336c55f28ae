// A process of its own: makes one load, or serves what a yardstick measures, for the process that forked it.
import type { MeasureOptions } from './measure.ts';
import { runJob, type Job } from './jobs.ts';
import { serveFastify, serveRpc } from './yardstick-servers.ts';

export type Order =
  | { readonly do: 'measure'; readonly job: Job; readonly options: MeasureOptions }
  | { readonly do: 'serve-http' }
  | { readonly do: 'serve-rpc'; readonly amqpUrl: string };

export type Report =
  | { readonly is: 'measuring' }
  | { readonly is: 'done'; readonly result: unknown }
  | { readonly is: 'failed'; readonly message: string };

const report = (message: Report) => process.send?.(message);

// Ctrl-C reaches the whole process group; the one that forked this process decides when it ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  carryOut(order).then(
    (result) => report({ is: 'done', result }),
    (error: unknown) =>
      report({ is: 'failed', message: String(error instanceof Error ? error.stack : error) }),
  );
});

function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'measure':
      return runJob(order.job, { ...order.options, onStart: () => report({ is: 'measuring' }) });
    case 'serve-http':
      return serveFastify();
    case 'serve-rpc':
      return serveRpc(order.amqpUrl);
  }
}
