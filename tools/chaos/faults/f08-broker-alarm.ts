import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Rig } from '../fault.ts';

const EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 3_000;

const ALARMS = [
  { set: ['set_vm_memory_high_watermark', '0.0001'], lift: ['set_vm_memory_high_watermark', '0.6'] },
  { set: ['set_disk_free_limit', '1000GB'], lift: ['set_disk_free_limit', '50MB'] },
] as const;

let violations: string[] = [];

export const f08: Fault = {
  id: 'F8',
  title: 'the broker is out of memory, then out of disk, and takes nothing',
  async inject(rig) {
    violations = [];
    const each = (rig.seconds * 1_000) / ALARMS.length;
    const ever = new Set<string>();
    for (const { set, lift } of ALARMS) {
      await rig.servers.rabbitmqctl('-q', ...set);
      const told = await whoTells(rig, each);
      await rig.servers.rabbitmqctl('-q', ...lift);
      await rig.ready();
      rig.log(`publishers were blocked for ${each / 1_000} s; not ready were ${[...told].sort().join(', ')}`);
      if (!told.has('the door')) violations.push('the door was ready while the broker took nothing');
      for (const one of told) ever.add(one);
    }
    // Who publishes is told; with the door shut that is whoever had begun something, such as mail to be marked as sent.
    if ([...ever].every((one) => one === 'the door'))
      violations.push('all services were ready whenever the broker took nothing');
  },
  check: async () => violations,
};

/** Who says that he is not ready, at some moment. The broker tells those of its alarm who publish something. */
async function whoTells({ platform, url }: Rig, ms: number): Promise<Set<string>> {
  const told = new Set<string>();
  const places: (readonly [string, string])[] = [
    ['the door', `${url}/api/health`],
    ...healthPorts(platform.output()).map(
      ([service, port]) => [service, `http://127.0.0.1:${port}/health/ready`] as const,
    ),
  ];
  for (const until = Date.now() + ms; Date.now() < until; await pause(EVERY_MS))
    await Promise.all(
      places.map(async ([name, place]) => {
        const answer = await fetch(place, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(
          () => undefined,
        );
        if (answer?.status === 503) told.add(name);
      }),
    );
  return told;
}

/** Of the table that the start prints; the gateway's is its door. */
const healthPorts = (output: string): [string, string][] =>
  [...output.matchAll(/^ *(\w+) +\d+ +(\d+) +ready *$/gm)]
    .map(([, service = '', port = '']): [string, string] => [service, port])
    .filter(([service]) => service !== 'gateway');
