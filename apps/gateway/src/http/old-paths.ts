import type { IncomingMessage } from 'node:http';

const PREFIX = '/api';

const isUnder = (url: string, path: string): boolean =>
  url.startsWith(path) &&
  (url.length === path.length || url[path.length] === '/' || url[path.length] === '?');

/**
 * Clients of older deployments know the routes without the prefix. Who asks for text/html is a browser that wants
 * a page, not an answer of the API.
 */
export function currentUrl({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): string {
  if (isUnder(url, PREFIX) || !url.startsWith('/')) return url;
  if (isUnder(url, '/api-docs')) return `/api/docs${url.slice('/api-docs'.length)}`;
  return headers.accept?.includes('text/html') ? url : PREFIX + url;
}
