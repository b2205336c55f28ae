import type { Allowance, OracleId } from '../fault.ts';

/** Of faults during which the process that sends mails may be killed between sending some and marking them. */
export const SECOND_MAILS: Partial<Record<OracleId, Allowance>> = {
  O6: {
    atMost: 100,
    only: /^mail .* came \d times$/,
    because: 'who dies after sending and before marking sends again, under the same Message-ID',
  },
};
