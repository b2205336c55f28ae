import '../shared/env-file.ts';
import { run } from '../shared/console.ts';
import { SERVERS } from '../shared/servers.ts';

// Brings the database at DATABASE_URL to the newest migration; for containers, where npm start does not run.
await run(async () => {
  const { createDatabaseIfMissing, migrate } = await import('@order-system/prisma/migrate');
  const { url } = SERVERS.postgres;
  await createDatabaseIfMissing(url);
  const applied = await migrate(url);
  console.log(applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`);
});
