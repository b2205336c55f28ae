import { logger } from '@order-system/observability/logger';

const log = logger('notifications.sms');

export interface TextMessage {
  /** Of the delivery: the same on every attempt. */
  id: string;
  to: string;
  text: string;
}

/** Sends text messages to phones. Resolves when somebody else has taken responsibility for it; throws DeliveryError. */
export abstract class TextMessages {
  abstract send(message: TextMessage): Promise<void>;
}

/** Stands in until there is an account with a carrier: says that it would have sent, not to whom or what. */
export class LoggedTextMessages extends TextMessages {
  async send({ id, text }: TextMessage): Promise<void> {
    log.info({ delivery: id, length: text.length }, 'a text message would have been sent');
  }
}
