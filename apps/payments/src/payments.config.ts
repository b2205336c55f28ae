import { addressBlock, gatewayUrl, list, publicUrl, secret } from '@order-system/config/blocks';
import { type Environment, readConfig } from '@order-system/config/config';

const NAME = 'SANDBOX_WEBHOOK_SECRET';
/** One secret, or several with commas between them; each has to be a good one. */
const secrets = secret(NAME).transform((text, ctx) => {
  const all = list.parse(text);
  if (all.length === 0) ctx.addIssue({ code: 'custom', message: 'must name a secret' });
  for (const one of all.length > 1 ? all : [])
    for (const { message } of secret(NAME).safeParse(one).error?.issues ?? [])
      ctx.addIssue({ code: 'custom', message });
  return all;
});
export const paymentsBlock = addressBlock.extend({ [NAME]: secrets });

export interface PaymentsConfig {
  /** Where people open the sandbox's payment page. */
  publicUrl: string;
  /** Where the sandbox delivers its webhooks. */
  webhookUrl: string;
  /** The first signs; every one of them is accepted, so that a secret can be replaced without a gap. */
  sandboxSecrets: readonly string[];
}

/** Throws ConfigError. */
export function readPaymentsConfig(env?: Environment): PaymentsConfig {
  const config = readConfig(paymentsBlock, env);
  return {
    publicUrl: publicUrl(config),
    webhookUrl: `${gatewayUrl(config)}/api/payments/webhook/sandbox`,
    sandboxSecrets: config[NAME],
  };
}

/** Injection token of PaymentsConfig. */
export const PAYMENTS_CONFIG = Symbol('PaymentsConfig');
