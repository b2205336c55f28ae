// Runs before anything is installed, under Node 20.19: plain JavaScript, no dependency.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Installs what is missing, then runs a TypeScript file of tools/ under the Node that the project pins. */
export async function bootstrap(script) {
  if (major < 20 || (major === 20 && minor < 19))
    stop(`Node ${process.versions.node} is too old. Remedy: install Node 20.19 or newer.`);
  process.chdir(root);
  if (process.env.npm_lifecycle_event) endWithParent();
  if (isInstallMissing()) install();
  if (major >= 24) return import(pathToFileURL(join(root, script)).href);
  runUnderPinnedNode(script);
}

/** npm hands a signal to its shell only, which dies of it and tells nobody: what it ran would stay behind. */
function endWithParent() {
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

function isInstallMissing() {
  const installed = join(root, 'node_modules/.package-lock.json');
  const wanted = join(root, 'package-lock.json');
  if (!existsSync(installed) || !existsSync(pinnedNode())) return true;
  if (statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return false;
  if (differs(packagesOf(wanted), packagesOf(installed))) return true;
  // Only the date is older, as after a fresh checkout: no need to ask again.
  utimesSync(installed, new Date(), new Date());
  return false;
}

function differs(wanted, installed) {
  return Object.entries(wanted).some(
    ([path, entry]) =>
      path.startsWith('node_modules/') && !entry.optional && installed[path]?.version !== entry.version,
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
}

function install() {
  console.log('Installing the dependencies (npm ci) ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // With NODE_ENV=production, or by its own settings, npm would leave out what the build and the database need.
  const all = ['--include=dev', '--include=optional'];
  const { status } = spawnSync(npm, ['ci', ...all, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) stop(`The installation failed; the lines above say why. Remedy: npm ci ${all.join(' ')}`);
  if (existsSync(pinnedNode())) return;
  stop(
    `npm left out the Node that the project pins, as it does with ignore-scripts. Remedy: npm ci --ignore-scripts=false ${all.join(' ')}`,
  );
}

function pinnedNode() {
  return join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function runUnderPinnedNode(script) {
  // The child decides when it is done. A signal sent to this process alone is handed on; when this process is
  // killed, the closed channel tells the child.
  const child = spawn(pinnedNode(), [join(root, script), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => stop(error.message));
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
