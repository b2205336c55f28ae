import type { Fault } from '../fault.ts';
import { f01 } from './f01-kill-services.ts';
import { f02 } from './f02-crash-points.ts';
import { f03 } from './f03-kill-all.ts';
import { f04 } from './f04-rolling-restart.ts';
import { f05 } from './f05-freeze-service.ts';
import { f06 } from './f06-broker-killed.ts';
import { f07 } from './f07-broker-frozen.ts';
import { f08 } from './f08-broker-alarm.ts';
import { f09 } from './f09-connections-closed.ts';
import { f10 } from './f10-queues-deleted.ts';
import { f11 } from './f11-poison.ts';
import { f12 } from './f12-duplicates.ts';
import { f13 } from './f13-postgres-killed.ts';
import { f14 } from './f14-backends-terminated.ts';
import { f15 } from './f15-locks.ts';
import { f16 } from './f16-no-connections.ts';
import { f17 } from './f17-disk-full.ts';
import { f18 } from './f18-redis.ts';
import { f19 } from './f19-network.ts';
import { f20 } from './f20-provider.ts';
import { f21 } from './f21-clocks.ts';
import { f22 } from './f22-rush.ts';
import { f23 } from './f23-versions.ts';
import { f24 } from './f24-replay.ts';
import { f25 } from './f25-limits.ts';
import { f26 } from './f26-chat.ts';

/** In the order in which a full run takes them. */
export const FAULTS: readonly Fault[] = [
  ...[f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11],
  ...[f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26],
];
