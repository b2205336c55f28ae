import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type EventContract, routingKey } from '@order-system/contracts/define';
import { loadPlatform, renderEvents } from './events-doc.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Nobody publishes these: a service writes them as dead letters, and takes them when an admin redrives them. */
const ONLY_IN_DEAD_LETTERS = ['notification.undelivered.v1', 'payment.refund-refused.v1'];

describe('the events', () => {
  let platform: Awaited<ReturnType<typeof loadPlatform>>;
  let names: Map<unknown, string>;
  beforeAll(async () => {
    platform = await loadPlatform();
    const files = readdirSync(join(ROOT, 'libs/contracts/src')).filter((file) =>
      file.endsWith('.contracts.ts'),
    );
    const modules = await Promise.all(
      files.map(
        (file) => import(`@order-system/contracts/${file.slice(0, -3)}`) as Promise<Record<string, unknown>>,
      ),
    );
    names = new Map(
      modules.flatMap((module) => Object.entries(module)).map(([name, value]) => [value, name]),
    );
  });

  it('are documented as they are: after a change run npm run gen:docs', () => {
    expect(readFileSync(join(ROOT, 'docs/events.md'), 'utf8')).toBe(renderEvents(platform));
  });

  it('are each told by the service that the list names', () => {
    const silent = Object.entries(platform.eventsOf).flatMap(([source, events]) => {
      const code = codeOf(source);
      return events
        .filter((event) => !isTold(code, names.get(event) ?? '?'))
        .map(({ type }: EventContract) => type);
    });
    expect(silent).toEqual([]);
  });

  it('are each in the list, libs/contracts/src/event-registry.ts', () => {
    const listed: readonly unknown[] = Object.values(platform.eventsOf).flat();
    const missing = [...names].filter(([value]) => isEvent(value) && !listed.includes(value));
    expect(missing.map(([, name]) => name)).toEqual([]);
  });

  it('are known when a service takes them', () => {
    const known = Object.values(platform.eventsOf).flat();
    const taken = platform.services
      .flatMap(({ consumers = [] }) => consumers)
      .flatMap(({ subscriptions }) => [...subscriptions.values()].map(({ contract }) => contract));
    expect(taken.length).toBeGreaterThan(5);
    const unknown = taken.filter((contract) => !known.includes(contract)).map(routingKey);
    expect(unknown.filter((key) => !ONLY_IN_DEAD_LETTERS.includes(key))).toEqual([]);
  });

  it('are taken by consumers that bear their service in their name, so that replays find it', () => {
    const strays = platform.services.flatMap(({ name, consumers = [] }) =>
      consumers.filter((consumer) => !consumer.name.startsWith(`${name}.`)),
    );
    expect(strays).toEqual([]);
  });
});

/** A service's program without its imports and its subscriptions: what is left of an event's name tells of it. */
function codeOf(source: string): string {
  const folder = source === 'system' ? 'libs/service-host/src' : `apps/${source}/src`;
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT })
    .filter((file) => !/\.(spec|itest|fixture)\.ts$|[/]testing[/]/.test(file))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n')
    .replaceAll(/^import [^;]*;/gm, '')
    .replaceAll(/\bon\(\s*\w+/g, '');
}

const isEvent = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'type' in value && 'version' in value && 'data' in value;

const isTold = (code: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(code);
