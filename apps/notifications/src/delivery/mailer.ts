export interface Mail {
  /** Of the delivery: the same on every attempt. */
  id: string;
  messageId: string;
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
}

/** Why something could not be delivered, in words that name nobody: they end up in logs and events. */
export class DeliveryError extends Error {
  constructor(
    message: string,
    /** No later attempt can succeed. */
    readonly isPermanent = false,
  ) {
    super(message);
    this.name = 'DeliveryError';
  }
}

/** Sends mail. Resolves when somebody else has taken responsibility for it; throws DeliveryError. */
export abstract class Mailer {
  abstract send(mail: Mail): Promise<void>;
  abstract close(): void;
}
