import type { Fault } from '../fault.ts';

export const f04: Fault = {
  id: 'F4',
  title: 'each service in turn is told to stop, and replaced',
  async inject({ restart, pids, platform, log }) {
    const before = platform.output().length;
    const services = Object.keys(pids()).sort();
    for (const service of services) await restart(service, {});
    const late =
      platform
        .output()
        .slice(before)
        .match(/^\w+ did not drain within .*$/gm) ?? [];
    if (late.length > 0) throw new Error(late.join('\n'));
    log(`${services.length} services drained and were replaced`);
  },
};
