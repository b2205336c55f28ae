import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fail } from './console.ts';

interface Holder {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
}

type Unlock = () => void;

/** One that is busy answers late; a stranger at its port who says nothing is waited for as long. */
const ANSWERS_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 200;

/** Takes a data folder for this process. */
export async function lockDataDir(folder: string): Promise<Unlock> {
  const lock = await take(join(folder, 'start.lock'));
  if (typeof lock === 'function') return lock;
  return fail(
    `A start is already running on ${folder} (process ${lock.pid}). Remedy: stop it, or set another DATA_DIR.`,
  );
}

/** Does some work that processes do one after the other, such as to build. */
export async function inTurn(file: string, waiting: string, work: () => Promise<void>): Promise<void> {
  let lock = await take(file);
  if (typeof lock !== 'function') console.log(`${waiting} (process ${lock.pid}) ...`);
  for (; typeof lock !== 'function'; lock = await take(file)) await pause(LOOK_EVERY_MS);
  try {
    await work();
  } finally {
    lock();
  }
}

/**
 * The file names a port on which the holder answers with a token, so one that died without a word, or whose process
 * id was given to another program, holds nothing.
 */
async function take(file: string): Promise<Unlock | Holder> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const { port } = server.address() as AddressInfo;
  const me: Holder = { pid: process.pid, port, token: randomUUID() };
  server.on('connection', (socket) => socket.on('error', () => undefined).end(me.token));
  for (;;) {
    const found = textOf(file);
    const holder = holderIn(found);
    if (holder !== undefined && (await answerOf(holder.port)) === holder.token) {
      server.close();
      return holder;
    }
    // Of several who find a dead one, one removes it and one writes the next, which may be half written.
    if (found !== undefined && holder === undefined) await pause(LOOK_EVERY_MS);
    if (found !== undefined && textOf(file) === found) rmSync(file, { force: true });
    if (!create(file, JSON.stringify(me))) continue;
    return () => {
      server.close();
      rmSync(file, { force: true });
    };
  }
}

function create(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function holderIn(text = ''): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder>;
    return holder.port && holder.token ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function answerOf(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(ANSWERS_WITHIN_MS, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}
