import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packedBytes, packedCount, packVarints, unpackVarints } from '../../src/wire/index.ts';

const word = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

test('packed integers come back, all 64 bits of them', () => {
  fc.assert(
    fc.property(fc.array(word), (values) => {
      const bytes = packVarints(values, values.length);
      expect([...unpackVarints(bytes)]).toEqual(values);
      expect(packedCount([bytes], 'int64')).toBe(values.length);
    }),
  );
});

test('numbers pack as the integers that they are', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeInteger()), (values) => {
      const integers = values.map(BigInt);
      expect(packVarints(values, values.length)).toEqual(packVarints(integers, integers.length));
    }),
  );
});

test('data that a writer split into packed and single numbers is one payload', () => {
  const whole = packVarints([1, 300, -1], 3);
  expect(packedBytes([packVarints([1], 1), 300, -1n], 'int64')).toEqual(whole);
  expect(packedCount([packVarints([1], 1), 300, -1n], 'int64')).toBe(3);
  expect([...new Float32Array(packedBytes([new Uint8Array([0, 0, 128, 63]), 2], 'float').slice().buffer)]).toEqual([
    1, 2,
  ]);
});
