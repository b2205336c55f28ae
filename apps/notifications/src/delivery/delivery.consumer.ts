import { consumer, on } from '@order-system/messaging/consumer';
import { sendAgain } from './delivery.store.js';
import { Undelivered, UNDELIVERED_CONSUMER } from './undelivered.js';

/** Takes dead letters that are redriven: what could not be delivered gets all its attempts once more. */
export const undeliveredMail = consumer(UNDELIVERED_CONSUMER, [
  on(Undelivered, async (tx, { data }) => {
    await sendAgain(tx, data.deliveryId);
  }),
]);
