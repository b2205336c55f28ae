import { e2e } from './e2e.js';
import { type Platform, startPlatform } from './platform.js';
import { endTwins, startTwins } from './twin.js';

export interface System extends Platform {
  /** The addresses of its gateways; the first one is the platform's own. */
  readonly doors: readonly string[];
}

/** Two of everything then take 64 of the 100 connections that a server has. */
const FEW = { DATABASE_POOL: '3' };

const known = new Map<string, readonly string[]>();

/** A whole system of the kind that this run of the end-to-end tests is about: see `e2e`. */
export async function startSystem(env: Readonly<Record<string, string>> = {}): Promise<System> {
  const { topology, hasTwins } = e2e;
  const server = process.env['DATABASE_URL'];
  const settings = { ...(hasTwins && FEW), ...env };
  const platform = await startPlatform({ topology, env: settings, ...(server && { server }) });
  try {
    const twins = hasTwins ? await startTwins(platform) : [];
    const doors = [platform.url, ...twins.slice(0, 1).map(({ url }) => url)];
    known.set(platform.url, doors);
    const stop = async () => {
      await endTwins(twins);
      await platform.stop();
    };
    return { ...platform, doors, stop };
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

/** Leads to the gateways of a system in turn, as a balancer before them does. */
export function inTurn(): (url: string) => string {
  let turn = 0;
  return (url) => {
    const doors = known.get(url) ?? (url === e2e.url ? e2e.doors : [url]);
    turn += 1;
    return doors[turn % doors.length] ?? url;
  };
}
