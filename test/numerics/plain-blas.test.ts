import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { plainBlas } from '../../src/numerics/index.ts';
import { largestDifference, normalMatrix } from './random-matrices.ts';

const problem = fc.record({
  m: fc.integer({ min: 1, max: 13 }),
  n: fc.integer({ min: 1, max: 13 }),
  k: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 510, max: 1030 })),
  transA: fc.boolean(),
  transB: fc.boolean(),
});

test('gemm64 is the sum over k, for every shape and transposition', async () => {
  await fc.assert(
    fc.asyncProperty(problem, async ({ m, n, k, transA, transB }) => {
      const a = normalMatrix(1, m, k);
      const b = normalMatrix(2, k, n);
      const expected = new Float64Array(m * n);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          for (let p = 0; p < k; p++) {
            expected[i * n + j]! += a[transA ? p * m + i : i * k + p]! * b[transB ? j * k + p : p * n + j]!;
          }
        }
      }
      const result = await plainBlas.gemm64({ m, n, k, a, b, transA, transB });
      // Both sums of k products of normal numbers (at most 36 in size) round within k·ε of their terms.
      expect(largestDifference(result, expected)).toBeLessThanOrEqual(2 * k * Number.EPSILON * 36);
    }),
    { numRuns: 150 },
  );
});

test('float32 operands are widened before they are multiplied', async () => {
  const a = Float32Array.of(1 + 2 ** -23, 1);
  const result = await plainBlas.gemm64({ m: 1, n: 1, k: 2, a, b: a });
  expect(result[0]).toBe((1 + 2 ** -23) ** 2 + 1);
});

test('gemm32 rounds the float64 sum once', async () => {
  const a = Float32Array.of(1e8, 1, -1e8);
  const ones = Float32Array.of(1, 1, 1);
  expect(await plainBlas.gemm32({ m: 1, n: 1, k: 3, a, b: ones })).toEqual(Float32Array.of(1));
});

test('operands of the wrong length are refused', async () => {
  const a = new Float64Array(5);
  await expect(plainBlas.gemm64({ m: 2, n: 2, k: 2, a, b: a })).rejects.toThrow('2×2');
});
