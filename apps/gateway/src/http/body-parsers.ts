import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '@order-system/contracts/errors';
import { invalid } from '@order-system/contracts/invalid';
import { faultOfJson } from './strict-json.js';

const UTF8 = /charset\s*=\s*"?(?:utf-?8|us-ascii)"?/i;

/** Their bytes are signed, so they are handed on as they came. */
const TAKES_RAW_BODY = '/api/payments/webhook/';
/** The one page with a form. */
const TAKES_FORM = '/api/payments/sandbox/';

const isUnder = (prefix: string, request: FastifyRequest): boolean =>
  request.routeOptions.url?.startsWith(prefix) === true;

const unsupported = (): DomainError =>
  new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json in UTF-8.');

/** JSON in UTF-8 everywhere, a form on the payment page, and nothing else. */
export function useBodyParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isUnder(TAKES_RAW_BODY, request)) return done(null, body);
    const type = request.headers['content-type'] ?? '';
    if (type.includes('charset') && !UTF8.test(type)) return done(unsupported());
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) return done(invalid('', 'must be UTF-8'));
    const text = body.toString('utf8');
    const fault = faultOfJson(text);
    if (fault !== undefined) return done(invalid('', fault));
    return parseJson(request, text, (error, value) =>
      error ? done(invalid('', 'must be valid JSON')) : done(null, value),
    );
  });
  // An empty body that is sent in parts is none, too; only then it needs no type.
  server.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, ({ headers }, body, done) =>
    body.length === 0 && headers['content-type'] === undefined ? done(null, undefined) : done(unsupported()),
  );
  server.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => {
      if (!isUnder(TAKES_FORM, request)) return done(unsupported());
      const fields = [...new URLSearchParams(body)];
      if (new Set(fields.map(([name]) => name)).size < fields.length)
        return done(invalid('', 'must not have a field twice'));
      return done(null, Object.fromEntries(fields));
    },
  );
}
