import type { Channel, NotificationKind } from '@order-system/contracts/notifications.contracts';

interface KindRule {
  /** The channels of whoever has chosen none. */
  readonly channels: readonly Channel[];
  /** Sent only to those who are away: not once it has been read in the app. */
  readonly unlessRead?: true;
}

const KINDS: Readonly<Record<NotificationKind, KindRule>> = {
  WELCOME: { channels: ['EMAIL', 'IN_APP'] },
  ORDER_PLACED: { channels: ['EMAIL', 'IN_APP'] },
  ORDER_STATUS: { channels: ['EMAIL', 'IN_APP'] },
  PAYMENT_DUE: { channels: ['EMAIL', 'IN_APP'] },
  PAYMENT_SUCCEEDED: { channels: ['EMAIL', 'IN_APP'] },
  PAYMENT_FAILED: { channels: ['EMAIL', 'IN_APP'] },
  PAYMENT_REFUNDED: { channels: ['EMAIL', 'IN_APP'] },
  ROOM_CLOSED: { channels: ['EMAIL', 'IN_APP'] },
  NEW_MESSAGE: { channels: ['EMAIL', 'IN_APP'], unlessRead: true },
};

interface Choice {
  kind: string;
  channels: readonly Channel[];
}

type Preferences = Record<NotificationKind, Channel[]>;

/** Per kind what the person chose, or the kind's own default. */
export function preferencesOf(choices: readonly Choice[]): Preferences {
  const chosen = new Map(choices.map(({ kind, channels }) => [kind, channels]));
  const entries = Object.entries(KINDS).map(([kind, rule]) => [
    kind,
    [...(chosen.get(kind) ?? rule.channels)],
  ]);
  return Object.fromEntries(entries) as Preferences;
}

/** Of those who have chosen none. */
export const usualChannels = (kind: NotificationKind): readonly Channel[] => KINDS[kind].channels;

/** The kinds that are sent only while unread. */
export const UNLESS_READ: readonly string[] = Object.entries(KINDS)
  .filter(([, rule]) => rule.unlessRead)
  .map(([kind]) => kind);
