import { acknowledged } from './acknowledged.ts';
import { baskets } from './baskets.ts';
import { consumers, leftovers } from './broker.ts';
import { effects } from './effects.ts';
import type { Oracle } from './oracle.ts';
import { answers, exits } from './processes.ts';
import { finalStates, inbox, money, outbox, stock, versions } from './tables.ts';

export const ORACLES: readonly Oracle[] = [
  finalStates,
  stock,
  money,
  outbox,
  inbox,
  effects,
  acknowledged,
  leftovers,
  exits,
  answers,
  versions,
  consumers,
  baskets,
];
