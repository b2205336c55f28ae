import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type EventContract, routingKey } from './define.js';
import { EVENTS } from './event-registry.js';

const isEvent = (value: unknown): value is EventContract =>
  typeof value === 'object' && value !== null && ['type', 'version', 'data'].every((key) => key in value);

describe('the list of events', () => {
  it('has every event that a contract describes, once', async () => {
    const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.contracts.ts'));
    const modules = await Promise.all(
      files.map((file) => import(`./${file}`) as Promise<Record<string, unknown>>),
    );
    const described = modules.flatMap((module) => Object.values(module)).filter(isEvent);
    expect(described.length).toBeGreaterThan(20);
    expect(EVENTS.map(routingKey).sort()).toEqual(described.map(routingKey).sort());
    expect(new Set(EVENTS.map(routingKey)).size).toBe(EVENTS.length);
  });
});
