import { describe, expect, test } from '@jest/globals';
import { boundedMinimum } from '../../src/numerics/bounded-minimum.ts';
import { type Blas, plainBlas, qr, symmetricEigen } from '../../src/numerics/index.ts';
import { orthonormalizeRows } from '../../src/numerics/orthonormalize-rows.ts';
import { transpose } from '../../src/numerics/transpose.ts';
import { gramWithSpectrum, largestDifference, normalMatrix, orthonormalityError } from './random-matrices.ts';

describe('orthonormalizeRows', () => {
  const orthonormal = transpose(qr(normalMatrix(1, 60, 12), 60, 12).q, 60, 12);
  const noise = normalMatrix(2, 12, 60);

  test.each([1e-3, 1e-6, 1e-10])(
    'moves rows that are off by %d by no more than that, and makes them orthonormal',
    async (off) => {
      const rows = orthonormal.map((x, at) => x + off * noise[at]!);
      const result = await orthonormalizeRows(rows, 12, 60, plainBlas);
      expect(orthonormalityError(transpose(result!, 12, 60), 60, 12)).toBeLessThanOrEqual(1e-14);
      // ½‖V·Vᵀ − I‖ ≈ off·‖noise‖, and a 12 × 60 normal matrix has a norm of about √12 + √60 < 12.
      expect(largestDifference(result!, rows)).toBeLessThanOrEqual(12 * off);
    },
  );

  test('leaves orthonormal rows alone', async () => {
    expect(await orthonormalizeRows(orthonormal, 12, 60, plainBlas)).toBe(orthonormal);
  });

  test('gives up on rows that depend on each other and on a NaN', async () => {
    const twice = orthonormal.slice();
    twice.copyWithin(60, 0, 60);
    expect(await orthonormalizeRows(twice, 12, 60, plainBlas)).toBeUndefined();
    twice[3] = Number.NaN;
    expect(await orthonormalizeRows(twice, 12, 60, plainBlas)).toBeUndefined();
  });

  test('symmetricEigen takes rotations instead when that happens', async () => {
    const matrix = gramWithSpectrum(3, 50, (i) => 1 / (i + 1));
    let calls = 0;
    const failingOnce: Blas = {
      ...plainBlas,
      gemm64: async (options) => (calls++ === 0 ? new Float64Array(options.m * options.n) : plainBlas.gemm64(options)),
    };
    const expected = await symmetricEigen(matrix, 50, { vectors: 10 });
    const { values, vectors } = await symmetricEigen(matrix, 50, { vectors: 10, blas: failingOnce });
    expect(largestDifference(values, expected.values)).toBeLessThanOrEqual(50 * Number.EPSILON * values[0]!);
    // Gaps above 1e-3 of the largest value.
    expect(largestDifference(vectors, expected.vectors)).toBeLessThanOrEqual(1e-11);
  });
});

describe('boundedMinimum', () => {
  test.each([
    ['a parabola', (x: number) => (x - 2) ** 2, 0, 5, 2],
    ['a cosine', Math.cos, 2, 5, Math.PI],
    ['a slope, at its end', (x: number) => x, 1, 2, 1],
  ])('finds the minimum of %s', (_, f, lower, upper, at) => {
    // A minimum is known to the root of the rounding of f.
    expect(Math.abs(boundedMinimum(f, lower, upper, 1e-8).x - at)).toBeLessThanOrEqual(1e-7);
  });
});
