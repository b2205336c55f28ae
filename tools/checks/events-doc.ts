import type { EventContract } from '@order-system/contracts/define';
import { EVENTS_OF } from '@order-system/contracts/event-registry';
import type { ServiceDefinition } from '@order-system/service-host/service';
import { allServices } from '@order-system/testing/subscriptions';

interface Platform {
  eventsOf: Readonly<Record<string, readonly EventContract[]>>;
  services: readonly ServiceDefinition[];
}

/** All there is to know; imports the services, so they must be built or be run from their sources. */
export const loadPlatform = async (): Promise<Platform> => ({
  eventsOf: EVENTS_OF,
  services: await allServices(),
});

const HEAD = [
  '# Events',
  '',
  'Written by `npm run gen:docs` from the contracts and the services; a test compares. Each event is stored',
  'in `events.event` in the transaction of the change it tells of, and published as `<type>.v<version>`. The gateway takes',
  'every event and pushes it to whom it concerns.',
  '',
];

const code = (text: string): string => '`' + text + '`';
const row = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (heads: string[], rows: string[]): string[] => [
  '',
  row(...heads),
  row(...heads.map(() => '---')),
  ...rows,
  '',
];

export function renderEvents({ eventsOf, services }: Platform): string {
  const consumers = services.flatMap((service) => service.consumers ?? []);
  const takers = ({ type }: EventContract) =>
    consumers.filter(({ types }) => types.includes(type)).map(({ name }) => code(name));
  const sections = Object.entries(eventsOf).flatMap(([source, events]) => [
    source === 'system' ? '## Told by every service' : `## Told by the ${source} service`,
    ...table(
      ['event', 'version', 'data', 'applied by'],
      events.map((event) =>
        row(code(event.type), event.version, fieldsOf(event), takers(event).join(', ') || '-'),
      ),
    ),
  ]);
  const applied = consumers.map(({ name, types, replayable }) =>
    row(code(name), types.map(code).join(', '), replayable ? 'everything again' : 'what it missed'),
  );
  return [
    ...HEAD,
    ...sections,
    '## Consumers',
    ...table(['consumer', 'applies', 'a replay gives it'], applied),
  ].join('\n');
}

/** The names of an event's fields, with a question mark when they may be missing. */
function fieldsOf({ data }: EventContract): string {
  const shape =
    (data as { shape?: Record<string, { safeParse(value: unknown): { success: boolean } }> }).shape ?? {};
  return Object.entries(shape)
    .map(([name, field]) => (field.safeParse(undefined).success ? `${name}?` : name))
    .join(', ');
}
