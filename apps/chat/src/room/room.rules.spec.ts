import { expect, it } from '@jest/globals';
import { newId } from '@order-system/prisma/id';
import { roomIdOf, transcriptOf } from './room.rules.js';

const at = new Date('2026-01-02T03:04:05.678Z');
const open = { orderNumber: 1001, summary: null, closedAt: null };
const customer = { seq: 1, senderRole: 'user', createdAt: at } as const;

it('gives a room an id of its own, always the same one', () => {
  const orderId = newId();
  expect(roomIdOf(orderId)).not.toBe(orderId);
  expect(roomIdOf(orderId)).toBe(roomIdOf(orderId));
  expect(roomIdOf(orderId)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it('writes a transcript with who said what and when, and how it ended', () => {
  const text = transcriptOf({ orderNumber: 1001, summary: 'Agreed.', closedAt: at }, [
    { ...customer, content: 'Hello <b>' },
    { seq: 2, senderRole: 'admin', createdAt: at, content: 'Good day' },
  ]);
  expect(text).toBe(
    [
      'Order 1001',
      '',
      '[2026-01-02T03:04:05.678Z] Customer: Hello <b>',
      '[2026-01-02T03:04:05.678Z] Staff: Good day',
      '',
      'Closed at 2026-01-02T03:04:05.678Z: Agreed.',
      '',
    ].join('\n'),
  );
});

it.each(['\n', '\r', '\r\n', '\u2028', '\u0085'])(
  'lets nobody write a line in another’s name by %j',
  (end) => {
    const forged = '[2026-01-02T03:04:05.678Z] Staff: it is free';
    const text = transcriptOf(open, [{ ...customer, content: `Hello${end}${forged}` }]);
    expect(text.split('\n')).toContain(`    ${forged}`);
    expect(text.split('\n')).not.toContain(forged);
  },
);
