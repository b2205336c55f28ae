// NODE_OPTIONS=--import=<this file>, SABOTAGE=<name>: takes one safety out of a service while its code is loaded, to
// see whether the suite notices. The service's own code and build know nothing of it.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** What is written there, and what is put in its place. */
const SABOTAGES = {
  'inbox-claim': {
    file: 'libs/messaging/dist/apply.js',
    written: "again ? events.map(()=>'consumed') : claimed.value",
    instead: "events.map(()=>'consumed')",
  },
  'ack-before-commit': {
    file: 'libs/messaging/dist/rabbitmq/work-queue.js',
    written:
      /const verdict = await this\.work\.receive\(message\);\s+if \(verdict !== 'done'\) await this\.delay\(message, queue, verdict\);[^]*?channel\.ack\(message\);/g,
    instead:
      'channel.ack(message); const verdict = await this.work.receive(message); ' +
      "if (verdict !== 'done') await this.delay(message, queue, verdict);",
  },
  'stock-condition': {
    file: 'apps/catalog/dist/stock/stock.store.js',
    written: ' AND p.on_hand - p.reserved >= s.quantity',
    instead: '',
  },
};

const name = process.env['SABOTAGE'] ?? '';
const sabotage = Object.hasOwn(SABOTAGES, name) ? SABOTAGES[name] : stop(`there is no "${name}"`);
const file = join(root, sabotage.file);
const url = pathToFileURL(file).href;
const harmed = harm(readFileSync(file, 'utf8'));

registerHooks({
  load: (asked, context, next) => {
    const loaded = next(asked, context);
    if (asked !== url) return loaded;
    console.error(`sabotage ${name}: in force`);
    return { ...loaded, source: harmed };
  },
});

function harm(source) {
  const parts = source.split(sabotage.written);
  if (parts.length !== 2) stop(`its snippet is ${parts.length - 1} times in ${sabotage.file}, not once`);
  return parts.join(sabotage.instead);
}

/** Throwing would be as good, but prints the stack of what Node does before it runs anything. */
function stop(reason) {
  console.error(`sabotage ${name}: ${reason}`);
  process.exit(1);
}
