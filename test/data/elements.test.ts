import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allocateFeed, elementsOf, type FeedDType, storeFeed } from '../../src/data/elements.ts';

function stored(dtype: FeedDType, values: readonly number[]) {
  const target = allocateFeed(dtype, values.length);
  storeFeed(dtype, target, 0, Float64Array.from(values));
  return target;
}

/** The numbers that elements of a type stand for. */
function readBack(dtype: FeedDType, values: readonly number[]): number[] {
  const { buffer } = stored(dtype, values);
  return Array.from(elementsOf(dtype, new Uint8Array(buffer)), Number);
}

describe('storeFeed', () => {
  test.each([
    ['float16', 2 ** -11],
    ['bfloat16', 2 ** -8],
  ] as const)('rounds to the nearest %s', (dtype, unitRoundoff) => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 6e4, noNaN: true }), fc.boolean(), (size, negative) => {
        const value = Math.fround(negative ? -size : size);
        const [rounded = Number.NaN] = readBack(dtype, [value]);
        expect(Math.abs(rounded - value)).toBeLessThanOrEqual(unitRoundoff * Math.abs(value));
        expect(readBack(dtype, [rounded])).toEqual([rounded]);
      }),
    );
  });

  test('rounds halfway cases of bfloat16 to even', () => {
    const [one, step] = [1, 2 ** -7];
    expect(readBack('bfloat16', [one + step / 2, one + (3 * step) / 2])).toEqual([one, one + 2 * step]);
  });

  test.each([
    ['uint8', [0, 255]],
    ['int8', [-128, 127]],
    ['uint16', [0, 65_535]],
    ['int16', [-32_768, 32_767]],
    ['uint32', [0, 2 ** 32 - 1]],
    ['int32', [-(2 ** 31), 2 ** 31 - 1]],
    ['bool', [0, 1]],
  ] as const)('clamps to the range of %s', (dtype, range) => {
    expect(readBack(dtype, [-1e12, 1e12])).toEqual(range);
  });

  test('clamps to the range of 64-bit integers, and keeps their last digits', () => {
    expect(stored('uint64', [-1, 1e30])).toEqual(new BigUint64Array([0n, 2n ** 64n - 1n]));
    expect(stored('int64', [-1e30, 1e30])).toEqual(new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]));
    const target = allocateFeed('int64', 1);
    storeFeed('int64', target, 0, new BigInt64Array([2n ** 60n + 1n]));
    expect(target).toEqual(new BigInt64Array([2n ** 60n + 1n]));
  });

  test.each(['uint8', 'int64'] as const)('refuses what is not finite for %s', (dtype) => {
    expect(() => stored(dtype, [Number.NaN])).toThrow('non-finite-input');
    expect(() => stored(dtype, [Number.POSITIVE_INFINITY])).toThrow('non-finite-input');
  });
});
