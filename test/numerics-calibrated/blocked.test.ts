import { describe, expect, test } from '@jest/globals';
import { plainBlas as blas, blockedCholesky, blockedSolve, cholesky, choleskySolve } from '../../src/numerics/index.ts';
import { type Evaluation, quasiNewton } from '../../src/numerics/quasi-newton.ts';
import { gramWithSpectrum, largestDifference, normalMatrix } from '../numerics/random-matrices.ts';

describe('the blocked Cholesky factorization', () => {
  // Below, at and above one block, and a last block of one row.
  test.each([1, 5, 95, 96, 97, 193, 250])('agrees with the plain one at n = %i', async (n) => {
    const matrix = gramWithSpectrum(1, n, (i) => 1 / (1 + i));
    for (let i = 0; i < n; i++) matrix[i * n + i]! += 0.1;
    const plain = cholesky(matrix, n);
    const blocked = await blockedCholesky(matrix, n, blas);
    const size = Math.sqrt(Math.max(...matrix));
    expect(largestDifference(blocked.lower, plain.lower)).toBeLessThan(1e-12 * size);
    expect(blocked.jitter).toBe(plain.jitter);
    const right = normalMatrix(2, n, 3);
    const solution = choleskySolve(plain, right, 3);
    const scale = Math.max(...solution.map(Math.abs));
    expect(largestDifference(await blockedSolve(blocked, right, 3, blas), solution)).toBeLessThan(1e-9 * scale);
  });

  test('takes a ridge that is not written into the matrix', async () => {
    const n = 130;
    const matrix = gramWithSpectrum(3, n, () => 1);
    const shifted = matrix.map((value, at) => (at % (n + 1) === 0 ? value + 2 : value));
    const { lower } = await blockedCholesky(Float32Array.from(matrix), n, blas, 2);
    expect(largestDifference(lower, cholesky(shifted, n).lower)).toBeLessThan(1e-4);
  });

  test('adds a jitter where a matrix has no rank, and refuses what is indefinite', async () => {
    const n = 120;
    const singular = gramWithSpectrum(4, n, (i) => (i < 40 ? 1 : 0));
    expect((await blockedCholesky(singular, n, blas)).jitter).toBeGreaterThan(0);
    const indefinite = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? (at === 0 ? 1 : -1) : 0));
    await expect(blockedCholesky(indefinite, n, blas)).rejects.toThrow('not positive definite');
  });
});

/** Rosenbrock's function in n dimensions. */
async function rosenbrock(x: Float64Array): Promise<Evaluation> {
  let value = 0;
  const gradient = new Float64Array(x.length);
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [1 - x[i]!, x[i + 1]! - x[i]! ** 2];
    value += a * a + 100 * b * b;
    gradient[i]! += -2 * a - 400 * x[i]! * b;
    gradient[i + 1]! += 200 * b;
  }
  return { x, value, gradient: async () => gradient };
}

describe('the quasi-Newton method', () => {
  const preconditioner = async () => async (direction: Float64Array) => direction.map((value) => value / 400);

  test('finds the minimum of a curved valley, and never climbs', async () => {
    const values: number[] = [];
    const { x } = await quasiNewton({ evaluate: rosenbrock, preconditioner }, new Float64Array(6), {
      steps: 500,
      tolerance: 1e-12,
      onStep: (_, value) => values.push(value),
    });
    for (const entry of x) expect(entry).toBeCloseTo(1, 4);
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThan(values[i - 1]!);
  });

  test('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const options = { steps: 5, tolerance: 0, signal };
    await expect(quasiNewton({ evaluate: rosenbrock, preconditioner }, new Float64Array(3), options)).rejects.toThrow(
      'enough',
    );
  });
});
