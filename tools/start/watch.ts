import { join } from 'node:path';
import { buildIfStale } from '../shared/build.ts';
import { Problem, ROOT } from '../shared/console.ts';
import type { Service } from './service.ts';
import { watchFolders } from './watch-folders.ts';

const QUIET_MS = 150;

/** Builds and restarts one app, or all when none is named, whenever its sources or those of the libs change. */
export function restartOnChange(services: readonly Service[], app: string | undefined): void {
  const folders = [app === undefined ? 'apps' : `apps/${app}/src`, 'libs'];
  let timer: NodeJS.Timeout | undefined;
  let work = Promise.resolve();
  const changed = (file: string) => {
    if (!/\.(ts|prisma)$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      work = work.then(() => rebuild(services));
    }, QUIET_MS);
  };
  for (const folder of folders) watchFolders(join(ROOT, folder), changed);
  console.log(`Watching ${folders.join(' and ')}.`);
}

async function rebuild(services: readonly Service[]): Promise<void> {
  try {
    await buildIfStale();
    await Promise.all(services.map((service) => service.restart()));
    console.log(`Restarted ${services.map((service) => service.plan.name).join(', ')}.`);
  } catch (error) {
    // A mistake while typing: say it and wait for the next change.
    console.error(error instanceof Problem ? error.message : error);
  }
}
