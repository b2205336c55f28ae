import { type Described, type Document, misfit } from '../openapi/document.fixture.js';
import type { Answer } from './client.js';

const documents = new Map<string, Promise<Document>>();

function documentAt(door: string): Promise<Document> {
  let document = documents.get(door);
  if (document === undefined) {
    document = fetch(`${door}/api/openapi.json`).then((answer) => answer.json() as Promise<Document>);
    document.catch(() => documents.delete(door));
    documents.set(door, document);
  }
  return document;
}

/** Fails when an answer is none of those that the documentation has for its route. */
export async function checkDescribed(url: URL, method: string, answer: Answer): Promise<void> {
  const document = await documentAt(url.origin);
  const operation = operationOf(document, url.pathname, method);
  if (operation === undefined) return;
  const problem = contradiction(document, operation, answer);
  if (problem !== undefined)
    throw new Error(
      `${method} ${url.pathname} ${answer.status} is not as documented: ${problem}\n${answer.text}`,
    );
}

function contradiction(document: Document, { responses }: Described, answer: Answer): string | undefined {
  const response = responses[answer.status];
  if (response === undefined) return 'there is no such status';
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const content = response.content?.[type];
  if (content === undefined)
    return answer.text === '' && response.content === undefined
      ? undefined
      : `there is no ${type || 'such body'}`;
  if (!type.endsWith('json')) return undefined;
  const [, code] = answer.outcome;
  if (code !== undefined && !response.description.split(', ').includes(code)) return `there is no ${code}`;
  return misfit(document, content.schema, answer.body());
}

/** A path that is written out comes before one with a parameter in that place. */
function operationOf({ paths }: Document, pathname: string, method: string): Described | undefined {
  const parts = pathname.split('/');
  const isOf = (path: string) => {
    const places = path.split('/');
    return (
      places.length === parts.length &&
      places.every((place, i) => place.startsWith('{') || place === parts[i])
    );
  };
  const [path = ''] = Object.keys(paths)
    .filter(isOf)
    .sort((a, b) => a.split('{').length - b.split('{').length);
  return paths[path]?.[method.toLowerCase()];
}
