import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { LocalBroker } from '@order-system/messaging/local/local-broker';
import { ADMIN, AN_ID, type Door, startGateway } from './gateway.fixture.js';
import { serveRealtime } from './realtime/realtime.js';

let door: Door;
let port: number;
let authorization: string;
beforeAll(async () => {
  door = await startGateway({}, (app, config) => serveRealtime(app, new LocalBroker(), config));
  await door.app.listen(0, '127.0.0.1');
  ({ port } = door.app.getHttpServer().address() as { port: number });
  ({ authorization } = door.bearer(ADMIN, 'admin'));
});
afterAll(() => door.close());

/** As clients that follow no rules would write it. Gives the status line. */
const ask = async (requestLine: string, headers: string[] = []): Promise<string> =>
  (await exchange(requestLine, headers)).split('\r\n', 1)[0] ?? '';

const exchange = (requestLine: string, headers: string[] = []): Promise<string> =>
  exchangeBytes(`${requestLine} HTTP/1.1`, 'Host: shop.test', ...headers);

/** What is answered to these bytes. */
function exchangeBytes(...lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
    socket.end([...lines, 'Connection: close', '', ''].join('\r\n'));
  });
}

it.each([
  'GET http://shop.test/api/users',
  'GET /api/%75sers',
  'GET /api/./users',
  'GET //api/users',
  'GET /api/products/../users',
  'GET /api/products/%2e%2e/users',
  'GET /api/users/',
  'GET /API/USERS',
  'GET /api/users;x=1',
  'GET /users%00',
  'TRACE /api/users',
])('%s opens no door without a token', async (line) => {
  expect(await ask(line)).toMatch(/^HTTP\/1.1 (400|401|403|404|405) /);
});

it('OPTIONS /api/users opens no door either: nothing is behind it', async () => {
  expect(await ask('OPTIONS /api/users')).toContain(' 204 ');
});

it.each([
  [`GET /api/products/%2e%2e`, 400],
  [`GET /api/products/${AN_ID}/../../users`, 404],
  [`GET /api/products/%zz`, 400],
])('%s is %i also for an admin', async (line, status) => {
  expect(await ask(line, [`Authorization: ${authorization}`])).toContain(` ${status} `);
});

it.each([
  ['HTTP/2', '/api/users', 'Upgrade: h2c', '401 Unauthorized'],
  ['a socket where there is none', '/api/users', 'Upgrade: websocket', '401 Unauthorized'],
  ['HTTP/2 where sockets are', '/socket.io/', 'Upgrade: h2c', '400 Bad Request'],
])('who asks to speak %s is answered in HTTP/1.1', async (_, address, upgrade, status) => {
  const line = `GET ${address}`;
  expect(await ask(line, ['Connection: Upgrade', upgrade])).toBe(`HTTP/1.1 ${status}`);
});

it('more than 16 kB of headers are refused for that', async () => {
  expect(await exchange('GET /api/users', [`X-Long: ${'x'.repeat(20_000)}`])).toContain('more than 16 kB');
});

it('what is no HTTP is refused', async () => {
  expect(await ask('HELLO')).toContain(' 400 ');
});

it('what is no HTTP is refused under a correlation id like everything', async () => {
  const [head = '', body = ''] = (await exchange('HELLO')).split('\r\n\r\n');
  const { correlationId } = JSON.parse(body) as { correlationId: string };
  expect(head.split('\r\n')).toContain(`X-Correlation-Id: ${correlationId}`);
});

it('who names no host is told so, and need not in HTTP/1.0', async () => {
  const [head = '', body = ''] = (await exchangeBytes('GET /api/health HTTP/1.1')).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1.1 400 [^]*\bproblem\+json/);
  expect(JSON.parse(body)).toMatchObject({ errors: [{ path: 'Host', message: 'is missing' }] });
  expect(await exchangeBytes('GET /api/health HTTP/1.0')).not.toContain(' 400 ');
});

it.each([
  ['an empty body in parts is none', '0', 201],
  ['one that is not empty needs a type', '2\r\n{}\r\n0', 415],
])('%s', async (_, parts, status) => {
  const answer = await exchangeBytes(
    'POST /api/basket HTTP/1.1',
    'Host: shop.test',
    'Transfer-Encoding: chunked',
    'Connection: close',
    '',
    parts,
  );
  expect(answer.split('\r\n', 1)[0]).toContain(` ${status} `);
});

it('a service in the middle of an answer may finish it before the door closes', async () => {
  const other = await startGateway();
  const { promise, resolve } = Promise.withResolvers<object>();
  other.services.answer('catalog.categories', () => promise);
  await other.app.listen(0, '127.0.0.1');
  const { port: own } = other.app.getHttpServer().address() as { port: number };
  const answer = fetch(`http://127.0.0.1:${own}/api/categories`);
  while (other.services.lastTo('catalog.categories') === undefined) await new Promise(setImmediate);
  const closed = other.close();
  resolve({ categories: [] });
  expect((await answer).status).toBe(200);
  await closed;
});

it('a body that does not arrive is waited for ten seconds, and its connection is given up', async () => {
  const from = performance.now();
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1', () => {
    socket.write('POST /api/basket HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n');
    socket.write('Content-Length: 20\r\n\r\n{');
  });
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.on('close', () => resolve(answer));
  expect(await promise).toMatch(/^HTTP\/1.1 400 [^]*took too long to arrive/);
  expect(performance.now() - from).toBeLessThan(15_000);
});

it.each([
  ['length is told', 'Content-Length: 4000000', ['x'.repeat(2_000_000), 'x'.repeat(2_000_000)]],
  [
    'parts are told',
    'Transfer-Encoding: chunked',
    [`1e8480\r\n${'x'.repeat(2_000_000)}\r\n`, `1e8480\r\n${'x'.repeat(2_000_000)}\r\n0\r\n\r\n`],
  ],
])(
  'a body over 1 MB whose %s is refused, not cut off: what comes after it is answered',
  async (_, size, body) => {
    let answers = '';
    const socket = connect(port, '127.0.0.1', () => {
      const head = ['POST /api/basket HTTP/1.1', 'Host: shop.test', 'Content-Type: application/json', size];
      socket.write(`${head.join('\r\n')}\r\n\r\n${body[0]}`);
    });
    socket.once('data', () => socket.end(`${body[1]}GET /api/users HTTP/1.1\r\nHost: shop.test\r\n\r\n`));
    socket.on('data', (chunk) => (answers += chunk.toString()));
    await once(socket, 'close');
    expect(answers.match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['413', '401']);
  },
);

it('two lengths of one body are refused', async () => {
  const headers = ['Content-Type: application/json', 'Content-Length: 2', 'Transfer-Encoding: chunked'];
  expect(await ask('POST /api/basket', headers)).toContain(' 400 ');
});
