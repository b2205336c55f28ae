import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AN_ID, type Door, startGateway } from './gateway.fixture.js';

let door: Door;
beforeAll(async () => {
  door = await startGateway();
});
afterAll(() => door.close());

const session = { id: AN_ID, orderId: randomUUID(), amount: 19.99, currency: 'USD' };
const link = `/api/payments/sandbox/${AN_ID}?secret=s3cr3t`;

it('show a page with both buttons that runs nothing', async () => {
  door.services.answer('payments.sandboxSession', () => ({ ...session, status: 'OPEN' }));
  const answer = await door.send({ url: link, headers: { accept: 'text/html' } });
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.body).toContain('$19.99');
  expect(answer.body.match(/<button/g)).toHaveLength(2);
  expect(answer.headers['content-security-policy']).toMatch(/default-src 'none'.*form-action 'self'/);
  expect(door.services.lastTo('payments.sandboxSession')?.data).toEqual({ id: AN_ID, secret: 's3cr3t' });
});

it('take the form and answer with a page', async () => {
  door.services.answer('payments.sandboxSettle', () => ({ ...session, status: 'PAID' }));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await door.send({ method: 'POST', url: link, payload: 'outcome=pay', headers });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(door.services.lastTo('payments.sandboxSettle')?.data).toEqual({
    id: AN_ID,
    secret: 's3cr3t',
    outcome: 'pay',
  });
});

it('take JSON and answer with JSON', async () => {
  const answer = await door.send({ method: 'POST', url: link, payload: { outcome: 'decline' } });
  expect(answer.json()).toMatchObject({ status: 'success', data: { status: 'PAID' } });
});

it.each(['id', 'secret', 'amount'])('refuse %s in the body', async (field) => {
  const payload = { outcome: 'pay', [field]: 's3cr3t' };
  const answer = await door.send({ method: 'POST', url: link, payload });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ errors: [{ path: field, message: 'is not a known field' }] });
});

it('refuse another outcome, a field twice and a missing secret', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const form = (payload: string) => door.send({ method: 'POST', url: link, payload, headers });
  expect((await form('outcome=steal')).statusCode).toBe(400);
  expect((await form('outcome=pay&outcome=decline')).statusCode).toBe(400);
  expect((await door.send({ url: `/api/payments/sandbox/${AN_ID}` })).statusCode).toBe(400);
});

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

it.each([
  ['a link that leads nowhere', link, 404],
  ['a link without its secret', `/api/payments/sandbox/${AN_ID}`, 400],
  ['a link that broke', '/api/payments/sandbox/01935b2c?secret=s3cr3t', 400],
])('tell a browser of %s in a page, and others in a problem', async (_, url, status) => {
  door.services.refuse('payments.sandboxSession', 'NOT_FOUND');
  const page = await door.send({ url, headers: { ...browser, 'x-correlation-id': 'a-1' } });
  expect([page.statusCode, page.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8']);
  expect(page.headers).toMatchObject({
    'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  const answer = await door.send({ url });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
  ]);
  const problem = answer.json<{ title: string; detail: string }>();
  expect(page.body).toContain(`<p role="alert">${problem.title}. ${problem.detail}</p>`);
  expect(page.body).toContain('Reference a-1');
});

it('tell a browser that sent the form of an outage, and a browser elsewhere in a problem', async () => {
  door.services.refuse('payments.sandboxSettle', 'SERVICE_UNAVAILABLE');
  const headers = { ...browser, 'content-type': 'application/x-www-form-urlencoded' };
  const page = await door.send({ method: 'POST', url: link, payload: 'outcome=pay', headers });
  expect([page.statusCode, page.headers['content-type']]).toEqual([503, 'text/html; charset=utf-8']);
  expect(page.headers['retry-after']).toBe('2');
  for (const url of [`/api/payments/${AN_ID}`, '/api/nothing', '/nothing']) {
    const elsewhere = await door.send({ url, headers: browser });
    expect(elsewhere.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  }
});
