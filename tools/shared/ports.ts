import { createServer } from 'node:net';

const given = new Set<number>();

/** The first port from `from` on that nothing listens on and that was not given out before. */
export async function freePort(from: number): Promise<number> {
  for (let port = from; port < 65_536; port++) {
    if (given.has(port) || !(await isPortFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`No free port from ${from} on.`);
}

export const isPortFree = async (port: number): Promise<boolean> => (await refusalOfPort(port)) === undefined;

/** Why nobody can listen there, such as EADDRINUSE; undefined when we can. */
export async function refusalOfPort(port: number): Promise<string | undefined> {
  // A server on one address only would let the wildcard pass on some systems.
  return (await refusalAt(port, '127.0.0.1')) ?? refusalAt(port, undefined);
}

function refusalAt(port: number, host: string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = 'error' }: NodeJS.ErrnoException) => resolve(code));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
