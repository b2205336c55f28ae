import '../shared/environment.ts';
import { join } from 'node:path';
import { buildIfStale } from '../shared/build.ts';
import { fail, printTable, readOptions, run } from '../shared/console.ts';
import { prepareDatabase } from '../shared/database.ts';
import { dataDir } from '../shared/data-dir.ts';
import { startEmbeddedPostgres } from '../shared/embedded-postgres.ts';
import { lockDataDir } from '../shared/lock.ts';
import { endPrograms } from '../shared/program.ts';
import { SERVERS } from '../shared/servers.ts';
import { describeAdmin } from './admin.ts';
import { refuseConfig } from './config.ts';
import { adminEmail, APPS, planServices, refuseWishes } from './plan.ts';
import { restartOnRequest } from './restart-on-request.ts';
import { findSecrets } from './secrets.ts';
import { Service } from './service.ts';
import { chooseTopology, type Topology } from './topology.ts';
import { restartOnChange } from './watch.ts';

type CleanUp = () => void | Promise<void>;

const startedAt = performance.now();
/** What has to be undone at the end, the last first. */
const cleanUps: CleanUp[] = [];
let stopping: Promise<never> | undefined;

// npm start [-- --topology embedded|distributed] [--inspect orders]      npm run start:dev [-- --app=orders]
await run(async () => {
  const values = readOptions({
    topology: { type: 'string' },
    watch: { type: 'boolean' },
    app: { type: 'string' },
    inspect: { type: 'string' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  process.on('disconnect', () => void stop());
  process.channel?.unref();
  try {
    await start(values);
  } catch (error) {
    // What fails because of a Ctrl-C is no news.
    await stopping;
    await cleanUp();
    throw error;
  }
});

interface Options {
  readonly topology?: string;
  readonly watch?: boolean;
  readonly app?: string;
  readonly inspect?: string;
}

async function start({ app, inspect, ...options }: Options): Promise<void> {
  if (app !== undefined && !APPS.includes(app))
    fail(`There is no app "${app}". Remedy: --app= and one of ${APPS.join(', ')}`);
  await buildIfStale();
  const topology = await chooseTopology(options.topology);
  await refuseWishes({ topology, inspect });
  await refuseConfig(topology);
  const folder = dataDir();
  const { secrets, isAdminGenerated } = findSecrets(folder);
  const databaseUrl = await openDatabase(topology, folder);
  const plans = await planServices({ topology, databaseUrl, dataDir: folder, secrets, inspect });
  await stopping;
  const services = plans.map((plan) => new Service(plan));
  cleanUps.push(() => stopServices(services));
  console.log('Starting the services ...');
  await Promise.all(services.map((service) => service.start()));
  await stopping;
  const admin = { email: adminEmail(), password: secrets.ADMIN_PASSWORD };
  report(services, isAdminGenerated ? await describeAdmin(databaseUrl, admin) : undefined);
  restartOnRequest(services);
  if (options.watch) {
    const watched = services.filter(({ plan }) => app === undefined || [app, 'embedded'].includes(plan.app));
    restartOnChange(watched, app);
  }
}

async function openDatabase(topology: Topology, folder: string): Promise<string> {
  let url: string = SERVERS.postgres.url;
  if (topology === 'embedded') {
    const unlock = await lockDataDir(folder);
    cleanUps.push(unlock);
    const starting = startEmbeddedPostgres(join(folder, 'postgres'));
    // Also one that is just starting: it would stay behind.
    cleanUps.push(async () => (await starting.catch(() => undefined))?.stop());
    url = (await starting).url;
  }
  const applied = await prepareDatabase(url);
  if (applied.length > 0) console.log(`Applied ${applied.length} migration(s).`);
  return url;
}

/** The door first, so that what is under way behind it can still be answered; 8 s in all. */
async function stopServices([door, ...others]: Service[]): Promise<void> {
  await door?.stop(others.length === 0 ? 8_000 : 4_000);
  await Promise.all(others.map((service) => service.stop(4_000)));
}

function stop(): Promise<never> {
  stopping ??= (async () => {
    console.log('\nStopping ...');
    endPrograms();
    await cleanUp();
    console.log('Stopped.');
    process.exit(0);
  })();
  return stopping;
}

async function cleanUp(): Promise<void> {
  for (const undo of cleanUps.splice(0).reverse()) await undo();
}

function report(services: readonly Service[], admin: string | undefined): void {
  // Of a service that has no other, its port is that of health and metrics.
  const rows = services.map(({ plan: { name, port }, pid, healthPort }) => [
    ...[name, String(pid), String(port ?? healthPort), 'ready'],
  ]);
  console.log('');
  printTable(['service', 'process', 'port', 'state'], rows);
  const env = services[0]?.plan.env ?? {};
  const address = env['PUBLIC_URL'] || `http://localhost:${env['PORT']}`;
  console.log(`\nReady after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.`);
  console.log(`  API            ${address}/api`);
  console.log(`  Documentation  ${address}/api/docs`);
  console.log(`  Health         http://localhost:${services[0]?.healthPort}/health/ready`);
  if (admin !== undefined) console.log(`  Admin          ${admin}`);
  console.log('Ctrl-C stops everything.');
}
