import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import { buildIfStale } from '../shared/build.ts';
import { ROOT, run } from '../shared/console.ts';

// Writes what docs/ says about the code from the code.
await run(async () => {
  await buildIfStale();
  const { loadPlatform, renderEvents } = await import('./events-doc.ts');
  writeFileSync(join(ROOT, 'docs/events.md'), renderEvents(await loadPlatform()));
  console.log('Wrote docs/events.md');
});
