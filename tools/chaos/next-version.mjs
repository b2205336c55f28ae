// NODE_OPTIONS=--import=<this file>: the service becomes one of a next version, whose answers and events, and now and then
// calls, have a field more in each object, as contracts change only by adding.
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

/** Of so many calls one uses what is new, and is refused by who does not know it. */
const CALLS = 20;
/** What people write in there is theirs. */
const FREE = ['metadata', 'specifications'];

let calls = 0;
globalThis.nextVersion = {
  always: (z, schema, value) => withMore(z.encode(schema, value)),
  sometimes: (z, schema, value) =>
    (calls += 1) % CALLS === 0 ? withMore(z.encode(schema, value)) : z.encode(schema, value),
};

const dist = resolve(import.meta.dirname, '../../libs/messaging/dist');
const PLACES = { 'outbox.js': 'always', 'rpc-server.js': 'always', 'rpc-client.js': 'sometimes' };
const places = new Map(
  Object.entries(PLACES).map(([name, when]) => [pathToFileURL(`${dist}/${name}`).href, when]),
);

function withMore(value) {
  if (Array.isArray(value)) return value.map(withMore);
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).map(([key, field]) => [
    key,
    FREE.includes(key) ? field : withMore(field),
  ]);
  return { ...Object.fromEntries(fields), addedLater: 'by the next version' };
}

registerHooks({
  load: (asked, context, next) => {
    const loaded = next(asked, context);
    const when = places.get(asked);
    if (when === undefined) return loaded;
    const parts = String(loaded.source).split('z.encode(');
    if (parts.length !== 2) {
      console.error(`next version: ${asked} encodes ${parts.length - 1} times, not once`);
      process.exit(1);
    }
    return { ...loaded, source: parts.join(`globalThis.nextVersion.${when}(z, `) };
  },
});
