import { expect, it } from '@jest/globals';
import { NotificationKind } from '@order-system/contracts/notifications.contracts';
import { preferencesOf, UNLESS_READ, usualChannels } from './channels.rules.js';

it('has channels for every kind', () => {
  expect(Object.keys(preferencesOf([])).sort()).toEqual([...NotificationKind.options].sort());
  for (const kind of NotificationKind.options) expect(usualChannels(kind)).toEqual(['EMAIL', 'IN_APP']);
});

it('takes what was chosen, also none', () => {
  const choices = [
    { kind: 'ORDER_STATUS', channels: ['SMS'] as const },
    { kind: 'ROOM_CLOSED', channels: [] },
  ];
  expect(preferencesOf(choices)).toMatchObject({
    ORDER_STATUS: ['SMS'],
    ROOM_CLOSED: [],
    WELCOME: ['EMAIL', 'IN_APP'],
  });
});

it('holds back mail about messages only', () => expect(UNLESS_READ).toEqual(['NEW_MESSAGE']));
