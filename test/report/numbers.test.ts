import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  byteCount,
  errorSize,
  longCount,
  milliseconds,
  percent,
  ratio,
  shortCount,
  signed,
} from '../../src/report/numbers.ts';

const powers: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
const count = fc.maxSafeNat();

describe('numbers in reports', () => {
  test('short counts take five characters at most and are right to three digits', () => {
    fc.assert(
      fc.property(count, (value) => {
        const text = shortCount(value);
        const [, digits = '', unit = ''] = /^([\d.]+)([kMGTP]?)$/.exec(text) ?? [];
        expect(text.length).toBeLessThanOrEqual(5);
        // One decimal below 100, none above: at worst half a tenth of 1.
        expect(Math.abs(Number(digits) * (powers[unit] ?? 1) - value)).toBeLessThanOrEqual(0.0501 * value);
      }),
    );
  });

  test('counts beside each other share a unit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 1e15 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (before, share) => {
          const after = Math.ceil(before * share);
          expect(longCount(after, before).split(' ')[1]).toBe(longCount(before).split(' ')[1]);
        },
      ),
    );
  });

  test.each([
    [shortCount(999), '999'],
    [shortCount(999_999), '1M'],
    [shortCount(36_864), '36.9k'],
    [shortCount(41_746_432), '41.7M'],
    [shortCount(42_000_000), '42M'],
    [shortCount(null), '–'],
    [longCount(11_689_512), '11.69 M'],
    [longCount(907_036_672, 1_814_073_344), '0.91 G'],
    [longCount(5, 1_814_073_344), '5'],
    [longCount(999_999), '1.00 M'],
    [byteCount(1023), '1023 B'],
    [byteCount(46_871_347), '44.7 MiB'],
    [byteCount(1024 ** 2 - 1), '1.0 MiB'],
    [ratio(2, 1), '2.00×'],
    [ratio(null, 1), '–'],
    [ratio(1, 0), '–'],
    [percent(0.9765), '97.7 %'],
    [signed(-0.72, 1), '−0.7'],
    [signed(0.2, 1), '+0.2'],
    [signed(-0.04, 1), '0.0'],
    [errorSize(0.0412), '0.041'],
    [errorSize(3.1e-6), '3e-6'],
    [errorSize(0), '0'],
    [errorSize(null), '–'],
    [milliseconds(0.0521), '0.0521 ms'],
    [milliseconds(12_000), '12.0 s'],
  ])('prints %s', (printed, expected) => {
    expect(printed).toBe(expected);
  });
});
