import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fail } from './console.ts';

interface Holder {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
}

/**
 * Takes a data folder for this process. The lock names a port on which the holder answers with a token, so one
 * that died without a word, or whose process id was given to another program, holds nothing.
 */
export async function lockDataDir(folder: string): Promise<() => void> {
  const file = join(folder, 'start.lock');
  const holder = await livingHolder(file);
  if (holder !== undefined)
    fail(
      `A start is already running on ${folder} (process ${holder.pid}). Remedy: stop it, or set another DATA_DIR.`,
    );
  const token = randomUUID();
  const server = createServer((socket) => socket.on('error', () => undefined).end(token));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const { port } = server.address() as AddressInfo;
  writeFileSync(file, JSON.stringify({ pid: process.pid, port, token } satisfies Holder));
  return () => {
    server.close();
    rmSync(file, { force: true });
  };
}

async function livingHolder(file: string): Promise<Holder | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Holder;
    return (await answerOf(holder.port)) === holder.token ? holder : undefined;
  } catch {
    return undefined;
  }
}

function answerOf(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 });
    socket.on('data', (chunk) => (text += chunk.toString()));
    for (const event of ['end', 'error', 'timeout']) socket.on(event, () => resolve(text));
  });
}
