import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  Money,
  PositiveMoney,
  Price,
  QueryPrice,
  shopCurrency,
  toAmount,
  toMinor,
  setShopCurrency,
} from './money.js';

const MOST = 2 ** 51;
const minorUnits = fc.integer({ min: 0, max: MOST });

afterEach(() => setShopCurrency('USD'));

const refusal = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message;

describe.each([
  ['USD', 100],
  ['JPY', 1],
  ['KWD', 1000],
])('amounts in %s', (currency, factor) => {
  const use = () => setShopCurrency(currency);

  it('come back as they were: inside, outside, and through JSON', () => {
    use();
    fc.assert(
      fc.property(minorUnits, (minor) => {
        const amount = z.encode(Money, minor);
        expect(z.decode(Money, amount)).toBe(minor);
        expect(z.decode(Money, JSON.parse(JSON.stringify(amount)))).toBe(minor);
        expect(toMinor(toAmount(minor))).toBe(minor);
      }),
    );
  });

  it('are what people write', () => {
    use();
    const digits = Math.log10(factor);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999_999 }),
        fc.integer({ min: 0, max: factor - 1 }),
        (units, rest) => {
          const written = digits === 0 ? `${units}` : `${units}.${String(rest).padStart(digits, '0')}`;
          expect(z.decode(Money, Number(written))).toBe(units * factor + (digits === 0 ? 0 : rest));
        },
      ),
    );
  });

  it('are refused with more decimals than the currency has', () => {
    use();
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999_999 }),
        fc.integer({ min: 1, max: 9 }),
        (minor, tenths) => {
          const tooFine = (minor * 10 + tenths) / (factor * 10);
          expect(toMinor(tooFine)).toBeUndefined();
          expect(refusal(Money, tooFine)).toBe(`must have no more decimals than ${currency} has`);
        },
      ),
    );
  });
});

describe('money', () => {
  it('knows the decimals of the currency in use', () => {
    expect([z.decode(Money, 19.99), refusal(Money, 19.999)]).toEqual([
      1999,
      'must have no more decimals than USD has',
    ]);
    setShopCurrency('JPY');
    expect(shopCurrency()).toBe('JPY');
    expect([z.decode(Money, 1999), z.encode(Money, 1999)]).toEqual([1999, 1999]);
    expect(refusal(Money, 19.5)).toBe('must have no more decimals than JPY has');
    setShopCurrency('KWD');
    expect(z.decode(Money, 19.999)).toBe(19_999);
  });

  it('is no currency that does not exist', () => {
    expect(() => setShopCurrency('nonsense')).toThrow(RangeError);
    expect(shopCurrency()).toBe('USD');
  });

  it.each([0.1 + 0.2, 1e-7, Number.MIN_VALUE, 1.005])('is not %d', (amount) => {
    expect(Money.safeParse(amount).success).toBe(false);
  });

  it.each([NaN, Infinity, -Infinity, '19.99', null, 10n, -0.01, 2 ** 52])('is not %p', (value) => {
    expect(Money.safeParse(value).success).toBe(false);
  });

  it('takes -0 as nothing', () => expect(z.encode(Money, z.decode(Money, -0))).toBe(0));

  it('never is a fraction inside, whatever number comes', () => {
    fc.assert(
      fc.property(fc.double(), (amount) => {
        const { data } = Money.safeParse(amount);
        if (data === undefined) return;
        expect(Number.isSafeInteger(data)).toBe(true);
        expect(z.encode(Money, data)).toBe(amount + 0);
      }),
    );
  });
});

describe('the kinds of amounts', () => {
  it('may be nothing, except where something is asked for', () => {
    expect(z.decode(Money, 0)).toBe(0);
    expect(refusal(PositiveMoney, 0)).toBe('must be more than 0');
    expect(z.decode(PositiveMoney, 0.01)).toBe(1);
  });

  it('have a most for one unit of something', () => {
    expect(z.decode(Price, 1_000_000)).toBe(100_000_000);
    expect(refusal(Price, 1_000_000.01)).toBe('must be at most 1,000,000');
  });

  it.each([
    ['JPY', '100,000,000'],
    ['KWD', '100,000'],
  ])('say that most as people write it in %s: %s', (currency, most) => {
    setShopCurrency(currency);
    expect(z.decode(Price, toAmount(100_000_000))).toBe(100_000_000);
    expect(refusal(Price, toAmount(100_000_001))).toBe(`must be at most ${most}`);
  });

  it.each([
    ['USD', '22,517,998,136,852.48'],
    ['JPY', '2,251,799,813,685,248'],
    ['KWD', '2,251,799,813,685.248'],
  ])('cannot be more than can be said exactly, in %s %s', (currency, most) => {
    setShopCurrency(currency);
    for (const amount of [toAmount(MOST) + 1, 1e17, 1e300])
      expect(Money.safeParse(amount).error?.issues.map(({ message }) => message)).toEqual([
        `must be at most ${most}`,
      ]);
  });

  it('are text in a query', () => {
    expect(QueryPrice.parse('19.99')).toBe(1999);
    expect(refusal(QueryPrice, '19.999')).toBe('must have no more decimals than USD has');
    expect(z.encode(QueryPrice, 1999)).toBe(19.99);
    for (const none of ['a lot', '', ' ', '0x10', '1e3', '-', '.', 'Infinity'])
      expect(refusal(QueryPrice, none)).toBe('must be a number');
    expect(refusal(QueryPrice, '-1')).toBe('must not be negative');
  });
});
