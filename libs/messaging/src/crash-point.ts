import { crashPointOfThisProcess } from '@order-system/config/crash';

/** Steps between which a process may be killed by a test: CRASH=<name>:<pass>. */
export type CrashPoint =
  | 'orders.claimed'
  | 'orders.reserved'
  | 'orders.committed_before_reply'
  | 'orders.payment_started'
  | 'catalog.reserved'
  | 'payments.key_saved_before_call'
  | 'payments.called_before_save'
  | 'webhook.saved_before_200'
  | 'auth.rotated'
  | 'relay.claimed'
  | 'relay.published_before_confirm'
  | 'relay.confirmed_before_mark'
  | 'consumer.before_tx'
  | 'consumer.committed_before_ack'
  | 'consumer.delayed_before_ack'
  | 'saga.timer_fired'
  | 'notify.sent_before_mark';

const NOWHERE = { name: '', pass: 0 };
/** Read at the first pass: while modules load nobody could say what is wrong with the configuration. */
let planned: typeof NOWHERE | undefined;
let passes = 0;

/** Does nothing, unless this process was started to die here. */
export function crashPoint(name: CrashPoint): void {
  planned ??= crashPointOfThisProcess() ?? NOWHERE;
  if (planned.name !== name) return;
  passes += 1;
  if (passes === planned.pass) process.kill(process.pid, 'SIGKILL');
}
