import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bfloat16Bits,
  type DType,
  fromFloat64,
  hasNumericData,
  int64Tensor,
  machineEpsilon,
  memorySource,
  type RealDType,
  Tensor,
  toBigInts,
  toFloat32,
  toFloat64,
} from '../../src/ir/index.ts';

const realTypes: readonly RealDType[] = ['float64', 'float32', 'float16', 'bfloat16'];
const largest = {
  float64: Number.MAX_VALUE,
  float32: 3.4028234663852886e38,
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
};
const smallestNormal = { float64: 2 ** -1022, float32: 2 ** -126, float16: 2 ** -14, bfloat16: 2 ** -126 };

const roundTrip = (data: readonly number[], dtype: DType) => [...toFloat64(fromFloat64(data, [data.length], dtype))];

/** The same bytes at an odd offset of a larger buffer, as protobuf hands them out. */
function misaligned(tensor: Tensor): Tensor {
  const bytes = new Uint8Array(tensor.source.byteLength + 1);
  bytes.set(tensor.bytes(), 1);
  return new Tensor(tensor.dtype, tensor.dims, memorySource(bytes.subarray(1)));
}

/** Of any size that the type has without losing digits. */
function normalNumber(dtype: RealDType): fc.Arbitrary<number> {
  const exponents = { min: Math.log2(smallestNormal[dtype]), max: Math.floor(Math.log2(largest[dtype])) - 1 };
  return fc
    .tuple(fc.integer(exponents), fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }), fc.boolean())
    .map(([exponent, digits, negative]) => (negative ? -1 : 1) * digits * 2 ** exponent);
}

describe('real tensors', () => {
  test.each(realTypes)('%s rounds once: within half a spacing of the number given', (dtype) => {
    fc.assert(
      fc.property(normalNumber(dtype), (x) => {
        const [rounded = NaN] = roundTrip([x], dtype);
        expect(Math.abs(rounded - x)).toBeLessThanOrEqual((machineEpsilon(dtype) / 2) * Math.abs(x));
      }),
    );
  });

  test.each(realTypes)('%s numbers come back as they were', (dtype) => {
    fc.assert(
      fc.property(fc.double(), (x) => {
        const once = roundTrip([x], dtype);
        expect(roundTrip(once, dtype)).toEqual(once);
      }),
    );
  });

  test.each(realTypes)('%s keeps what is not finite and the sign of zero', (dtype) => {
    const special = [Infinity, -Infinity, NaN, 0, -0];
    expect(roundTrip(special, dtype)).toEqual(special);
  });

  test('ties go to the even neighbour, and a hair more than a tie does not', () => {
    const half = { float16: 2 ** -11, bfloat16: 2 ** -8 };
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const spacing = 2 * half[dtype];
      expect(roundTrip([1 + half[dtype], 1 + 3 * half[dtype]], dtype)).toEqual([1, 1 + 2 * spacing]);
      // Too fine for float32: rounding by way of it would see a tie.
      expect(roundTrip([1 + half[dtype] + 2 ** -40, 1 + 3 * half[dtype] - 2 ** -40], dtype)).toEqual([
        1 + spacing,
        1 + spacing,
      ]);
    }
  });

  test('overflow is infinite from half a spacing beyond the largest number on', () => {
    expect(roundTrip([65519.99, 65520, -65520], 'float16')).toEqual([65504, Infinity, -Infinity]);
    expect(bfloat16Bits(largest.bfloat16 * (1 + 2 ** -9))).toBe(0x7f7f);
    expect(bfloat16Bits(3.4e38)).toBe(0x7f80);
    expect(bfloat16Bits(-1e300)).toBe(0xff80);
  });

  test('subnormal numbers survive', () => {
    expect(roundTrip([2 ** -24, -(2 ** -24), 2 ** -26], 'float16')).toEqual([2 ** -24, -(2 ** -24), 0]);
    expect(roundTrip([2 ** -133, 2 ** -135, 2 ** -134], 'bfloat16')).toEqual([2 ** -133, 0, 0]);
  });
});

describe('integer tensors', () => {
  const ranges = {
    int8: [-128, 127],
    uint8: [0, 255],
    int16: [-32768, 32767],
    uint16: [0, 65535],
    int32: [-(2 ** 31), 2 ** 31 - 1],
    uint32: [0, 2 ** 32 - 1],
    int64: [-(2 ** 53), 2 ** 53],
    uint64: [0, 2 ** 53],
  } as const;
  for (const [dtype, [min, max]] of Object.entries(ranges)) {
    test(`${dtype} holds its whole range`, () => {
      expect(roundTrip([min, max, 0, 1], dtype as DType)).toEqual([min, max, 0, 1]);
    });
  }

  test('int64 is exact as bigint', () => {
    const values = [2n ** 63n - 1n, -(2n ** 63n), 0n, -1n];
    expect(toBigInts(int64Tensor(values))).toEqual(values);
  });

  test('packed types unpack from the low bits up, and stop at the last element', () => {
    const bytes = memorySource(Uint8Array.of(0b1000_0001, 0b0000_0111));
    expect([...toFloat64(new Tensor('int4', [3], bytes))]).toEqual([1, -8, 7]);
    expect([...toFloat64(new Tensor('uint4', [3], bytes))]).toEqual([1, 8, 7]);
    expect([...toFloat64(new Tensor('int2', [7], bytes))]).toEqual([1, 0, 0, -2, -1, 1, 0]);
  });

  test('any non-zero byte is true', () => {
    expect([...toFloat64(new Tensor('bool', [3], memorySource(Uint8Array.of(0, 1, 200))))]).toEqual([0, 1, 1]);
  });
});

test('bytes at an odd offset read the same, for every type', () => {
  for (const dtype of ['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'uint8'] as const) {
    const tensor = fromFloat64([1, 2, 3], [3], dtype);
    expect([...toFloat64(misaligned(tensor))]).toEqual([1, 2, 3]);
    expect([...toFloat32(misaligned(tensor))]).toEqual([1, 2, 3]);
  }
});

test('what is returned may be written to without changing the tensor', () => {
  // A Node Buffer is a Uint8Array whose slice() shares memory.
  const tensor = new Tensor('float32', [1], memorySource(Buffer.from(new Float32Array([5]).buffer)));
  toFloat32(tensor).fill(0);
  toFloat64(tensor).fill(0);
  expect(toFloat64(tensor)[0]).toBe(5);
});

test('refuses types without numbers and bytes that do not fill the dims', () => {
  expect(hasNumericData('string')).toBe(false);
  expect(() => toFloat64(new Tensor('string', [1], memorySource(new Uint8Array(4))))).toThrow(RangeError);
  expect(() => toFloat64(new Tensor('float32', [2], memorySource(new Uint8Array(4))))).toThrow(/4 bytes do not fill/);
  expect(() => fromFloat64([1, 2], [3], 'float32')).toThrow(/2 elements do not fill/);
});

test('every float16 and bfloat16 comes back as the same bits', () => {
  for (const dtype of ['float16', 'bfloat16'] as const) {
    const bits = Uint16Array.from({ length: 65_536 }, (_, index) => index);
    const numbers = toFloat64(new Tensor(dtype, [65_536], memorySource(new Uint8Array(bits.buffer))));
    const again = new Uint16Array(Uint8Array.from(fromFloat64(numbers, [65_536], dtype).bytes()).buffer);
    expect(again.findIndex((item, index) => item !== index && !Number.isNaN(numbers[index]))).toBe(-1);
  }
});
