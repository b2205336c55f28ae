import { z } from 'zod';
import { queryNumber } from './primitives.js';

/** The shop's one currency; the host sets it from CURRENCY before anything is parsed. */
let shop = { currency: 'USD', factor: 100 };

/** @param currency ISO 4217 code. Throws RangeError when it is none. */
export function setShopCurrency(currency: string): void {
  const { maximumFractionDigits } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  shop = { currency, factor: 10 ** (maximumFractionDigits ?? 2) };
}

export const shopCurrency = (): string => shop.currency;

/** 19.99 -> 1999. Undefined when the number has more decimals than the currency. */
export function toMinor(amount: number): number | undefined {
  // + 0: -0 is a number people write nowhere, and not the same as 0 to every comparison.
  const minor = Math.round(amount * shop.factor) + 0;
  return minor / shop.factor === amount ? minor : undefined;
}

/** 1999 -> 19.99; exact below 2^51 minor units. */
export const toAmount = (minor: number): number => minor / shop.factor;

/** 100000000 -> 1,000,000 */
export const formatAmount = (minor: number): string => toAmount(minor).toLocaleString('en');

/** 2^51 minor units: up to here a decimal number and the integer behind it are the same number. */
export const MOST_AMOUNT = 2 ** 51;

const minorUnits = z.codec(
  z.number().meta({ description: "Amount in the currency's unit, as people write it", example: 19.99 }),
  z.int().min(-MOST_AMOUNT).max(MOST_AMOUNT),
  {
    decode(amount, ctx) {
      const minor = toMinor(amount);
      if (minor !== undefined && minor <= MOST_AMOUNT) return minor;
      ctx.issues.push({
        code: 'custom',
        input: amount,
        message:
          minor === undefined
            ? `must have no more decimals than ${shop.currency} has`
            : `must be at most ${formatAmount(MOST_AMOUNT)}`,
      });
      return z.NEVER;
    },
    encode: toAmount,
  },
);

/** An amount >= 0. On a wire a decimal number, inside an integer of minor units. */
export const Money = minorUnits.refine((minor) => minor >= 0, 'must not be negative');

/** What many orders come to. Unlike Money it has no limit: above 2^53 minor units it is rounded. */
export const MoneySum = z.codec(
  z.number().meta({ description: "Sum in the currency's unit, as people write it", example: 1999.9 }),
  z.number().min(0),
  { decode: (amount) => Math.round(amount * shop.factor), encode: toAmount },
);

/** In minor units: 1,000,000.00. */
const MOST_PRICE = 100_000_000;

/** What one unit of something may cost. */
export const Price = Money.refine((minor) => minor <= MOST_PRICE, {
  error: () => `must be at most ${formatAmount(MOST_PRICE)}`,
});

/** An amount that may be asked for or given back: more than nothing. */
export const PositiveMoney = Money.refine((minor) => minor > 0, 'must be more than 0');

/** A price in a query string. */
export const QueryPrice = queryNumber.pipe(Price);
