import '../shared/environment.ts';
import { run } from '../shared/console.ts';
import { prepareDatabase } from '../shared/database.ts';
import { SERVERS } from '../shared/servers.ts';

// Brings the database at DATABASE_URL to the newest migration; for containers, where npm start does not run.
await run(async () => {
  const applied = await prepareDatabase(SERVERS.postgres.url);
  console.log(applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`);
});
