import { fail } from '../shared/console.ts';
import { refusalOf } from '../shared/logins.ts';
import { missingServers, SERVERS } from '../shared/servers.ts';

export type Topology = 'embedded' | 'distributed';

/** Takes the topology that was asked for, else looks for the servers; says which it is and why. */
export async function chooseTopology(flag: string | undefined): Promise<Topology> {
  const wanted = flag ?? (process.env['TOPOLOGY'] || undefined);
  if (wanted !== undefined && wanted !== 'embedded' && wanted !== 'distributed')
    fail(`There is no topology "${wanted}". Remedy: --topology embedded or --topology distributed`);
  const because = flag === undefined ? 'TOPOLOGY says so' : '--topology says so';
  if (wanted === 'embedded') return say('embedded', because);

  const missing = await missingServers();
  const names = (servers: readonly { name: string }[]) => servers.map((server) => server.name).join(', ');
  if (missing.length > 0) {
    if (wanted === undefined) return say('embedded', `no answer from ${names(missing)}`);
    const remedies = missing.map((server) => `${server.remedy} (or set ${server.variable})`);
    fail(`The distributed topology needs ${names(missing)}. Remedy: ${remedies.join('; ')}`);
  }
  const refusal = await firstRefusal();
  if (refusal === undefined)
    return say('distributed', wanted ? because : `${names(Object.values(SERVERS))} answer`);
  const { name, why, remedy } = refusal;
  if (wanted === undefined) return say('embedded', `${name} refuses us: ${why}`);
  return fail(`${name} refuses us: ${why}. Remedy: ${remedy}`);
}

async function firstRefusal() {
  const kinds = Object.keys(SERVERS) as (keyof typeof SERVERS)[];
  const all = await Promise.all(
    kinds.map(async (kind) => ({ name: SERVERS[kind].name, ...(await refusalOf(kind)) })),
  );
  return all.find(({ why }) => why !== undefined);
}

function say(topology: Topology, reason: string): Topology {
  console.log(`Topology: ${topology} (${reason}).`);
  return topology;
}
