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

export async function isPortFree(port: number): Promise<boolean> {
  // A server on one address only would let the wildcard pass on some systems.
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, undefined));
}

function canListen(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
