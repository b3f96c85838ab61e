import { describe, expect, test } from '@jest/globals';
import { cholesky, choleskySolve } from '../../src/numerics/index.ts';
import { multiply } from '../../src/numerics/plain-blas.ts';
import { gramWithSpectrum, largestDifference, normalMatrix } from './random-matrices.ts';

describe('cholesky', () => {
  test.each([1, 2, 5, 33, 80])('L·Lᵀ is the matrix, L is lower triangular: size %i', (n) => {
    const matrix = gramWithSpectrum(n, n, (i) => 1 / (i + 1));
    const { lower, jitter } = cholesky(matrix, n);
    const back = multiply({ m: n, n, k: n, a: lower, b: lower, transB: true });
    const largest = Math.max(...matrix);
    expect(jitter).toBe(0);
    expect(largestDifference(back, matrix)).toBeLessThanOrEqual((n + 1) * Number.EPSILON * largest);
    for (let i = 0; i < n; i++) expect(lower.subarray(i * n + i + 1, (i + 1) * n).every((x) => x === 0)).toBe(true);
  });

  test('solves for many right-hand sides with a small backward error', () => {
    const n = 40;
    const matrix = gramWithSpectrum(2, n, (i) => 1 / (i + 1));
    const right = normalMatrix(3, n, 7);
    const solution = choleskySolve(cholesky(matrix, n), right, 7);
    const back = multiply({ m: n, n: 7, k: n, a: matrix, b: solution });
    // Higham, Accuracy and Stability, theorem 10.4: |A·x − b| ≤ c·n·ε·‖A‖·‖x‖.
    const bound = 4 * n * n * Number.EPSILON * Math.max(...matrix) * Math.max(...solution.map(Math.abs));
    expect(largestDifference(back, right)).toBeLessThanOrEqual(bound);
  });

  test('helps a singular matrix with the smallest jitter that works and says how much it added', () => {
    const n = 12;
    const matrix = gramWithSpectrum(4, n, (i) => (i < 4 ? 1 : 0));
    let mean = 0;
    for (let i = 0; i < n; i++) mean += matrix[i * n + i]! / n;
    const { lower, jitter } = cholesky(matrix, n);
    expect(jitter).toBe(1e-9 * mean);
    const back = multiply({ m: n, n, k: n, a: lower, b: lower, transB: true });
    expect(largestDifference(back, matrix)).toBeLessThanOrEqual(jitter * (1 + 1e-6));
  });

  test('refuses an indefinite matrix and one with a NaN', () => {
    expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow('not positive definite');
    expect(() => cholesky(Float64Array.of(1, 0, Number.NaN, 1), 2)).toThrow('not positive definite');
  });
});
