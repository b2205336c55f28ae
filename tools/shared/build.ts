import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ROOT } from './console.ts';
import { inTurn } from './lock.ts';
import { runProgram } from './program.ts';

const STAMP = join(ROOT, '.nx/build.stamp');
const GENERATED = join(ROOT, 'libs/prisma/src/generated');

/** Generates and builds through Nx, unless a look at sizes and dates says that nothing changed since the last time. */
export async function buildIfStale(): Promise<void> {
  if (isBuilt(stateOfSources())) return;
  mkdirSync(join(ROOT, '.nx'), { recursive: true });
  await inTurn(join(ROOT, '.nx/build.lock'), 'Waiting for another build', async () => {
    const state = stateOfSources();
    if (isBuilt(state)) return;
    console.log('Building what changed ...');
    rmSync(STAMP, { force: true });
    await runNx(['run-many', '-t', 'build', '--outputStyle=static']);
    writeFileSync(STAMP, state);
  });
}

const isBuilt = (state: string): boolean =>
  outputsExist() && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === state;

/** Runs Nx quietly; on failure prints what it said. */
async function runNx(args: string[]): Promise<void> {
  const { status, output } = await runProgram(
    process.execPath,
    [join(ROOT, 'node_modules/nx/dist/bin/nx.js'), ...args],
    { cwd: ROOT, env: { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: '0', RUST_BACKTRACE: '0' } },
  );
  if (status !== 0) fail(`${failuresIn(output)}\nnx ${args.join(' ')} failed; the lines above say why.`);
}

/** Nx tells of all tasks; only those that failed say what is wrong. */
function failuresIn(output: string): string {
  const [tasks = ''] = output.split(/^ NX +Running .* failed$/m);
  const failed = tasks.split(/^(?=> nx run )/m).filter((task) => task.includes('exited with non-zero'));
  return failed.length === 0 ? output : failed.map((task) => task.trim()).join('\n\n');
}

function projects(): string[] {
  return ['apps', 'libs'].flatMap((kind) =>
    readdirSync(join(ROOT, kind)).map((name) => join(ROOT, kind, name)),
  );
}

function outputsExist(): boolean {
  const built = projects().every((dir) => !existsSync(join(dir, 'src')) || existsSync(join(dir, 'dist')));
  return built && existsSync(GENERATED);
}

function stateOfSources(): string {
  const hash = createHash('sha256');
  const folders = projects().map((dir) => join(dir, 'src'));
  for (const folder of [...folders, join(ROOT, 'libs/prisma/schema')]) {
    if (!existsSync(folder)) continue;
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isDirectory() || path.startsWith(GENERATED)) continue;
      const { mtimeMs, size } = statSync(path);
      hash.update(`${path} ${mtimeMs} ${size}\n`);
    }
  }
  for (const file of ['.swcrc', 'nx.json', 'package-lock.json']) hash.update(readFileSync(join(ROOT, file)));
  return hash.digest('hex');
}
