import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands before PostgreSQL and does as PgBouncer does with the settings of a connection, by how it is set up. */
export async function startPooler(
  url: string,
  how: 'refuses' | 'leaves out',
): Promise<{ url: string; stop(): Promise<void> }> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on('error', () => undefined);
    client.once('data', (startup: Buffer): void => {
      const fields = startup.toString('latin1', 8).split('\0');
      const place = fields.findIndex((field, index) => index % 2 === 0 && field === 'options');
      if (place >= 0 && how === 'refuses') return void client.end(refusal());
      if (place >= 0) fields.splice(place, 2);
      const behind = connect({ host: hostname, port: Number(port) });
      open.add(behind);
      behind.on('error', () => client.destroy());
      behind.write(startupOf(startup, fields));
      client.pipe(behind).pipe(client);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(url);
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () => {
    for (const socket of open) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: own.href, stop };
}

/** Length, version of the protocol, fields: PostgreSQL, "Message Formats". */
function startupOf(before: Buffer, fields: readonly string[]): Buffer {
  const text = Buffer.from(fields.join('\0'), 'latin1');
  const head = Buffer.from(before.subarray(0, 8));
  head.writeInt32BE(8 + text.length);
  return Buffer.concat([head, text]);
}

function refusal(): Buffer {
  const text = Buffer.from('SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0');
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]);
}
