import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { plainBlas, symmetricEigen } from '../../src/numerics/index.ts';
import { multiply } from '../../src/numerics/plain-blas.ts';
import { gramWithSpectrum, identity, largestDifference, normalMatrix, orthonormalityError } from './random-matrices.ts';

/** Spectra that are hard in different ways; i = 0 … n-1. */
const spectra: Record<string, (i: number, n: number) => number> = {
  'a flat one': () => 1,
  'a slowly decaying one': (i) => 1 / (i + 1),
  'one over 16 decades': (i, n) => 10 ** ((-8 * i) / n),
  'rank 3': (i) => (i < 3 ? 1 : 0),
  'two clusters': (i, n) => (i < n / 2 ? 1 : 1e-3),
};

async function checked(matrix: Float64Array, n: number, count: number) {
  const { values, vectors } = await symmetricEigen(matrix, n, { vectors: count });
  const image = multiply({ m: n, n: count, k: n, a: matrix, b: vectors });
  const scaled = vectors.map((x, at) => x * values[at % count]!);
  const norm = Math.max(...values.map(Math.abs));
  return { values, vectors, residual: largestDifference(image, scaled) / (norm || 1) };
}

describe('symmetricEigen', () => {
  for (const [name, scale] of Object.entries(spectra)) {
    test.each([1, 2, 3, 10, 24, 25, 60, 150])(`solves ${name} of size %i to rounding`, async (n) => {
      const matrix = gramWithSpectrum(n, n, (i) => scale(i, n));
      const { vectors, residual } = await checked(matrix, n, n);
      expect(residual).toBeLessThanOrEqual(4 * n * Number.EPSILON);
      expect(orthonormalityError(vectors, n, n)).toBeLessThanOrEqual(1e-13);
    });
  }

  test('agrees with ml-matrix, which takes another road, on indefinite matrices', async () => {
    const n = 40;
    const full = normalMatrix(5, n, n);
    const matrix = full.map((x, at) => x + full[(at % n) * n + Math.floor(at / n)]!);
    const rows = Matrix.from1DArray(n, n, Array.from(matrix));
    const oracle = new EigenvalueDecomposition(rows, { assumeSymmetric: true }).realEigenvalues.sort((a, b) => b - a);
    const { values } = await symmetricEigen(matrix, n);
    expect(largestDifference(values, oracle)).toBeLessThanOrEqual(n * Number.EPSILON * oracle[0]!);
  });

  test('gives the leading vectors alone as it gives them among all', async () => {
    const matrix = gramWithSpectrum(7, 80, (i) => 1 / (i + 1));
    const all = await symmetricEigen(matrix, 80, { vectors: 'all' });
    const some = await symmetricEigen(matrix, 80, { vectors: 11 });
    const leading = all.vectors.filter((_, at) => at % 80 < 11);
    expect(some.values).toEqual(all.values);
    // A vector moves by ε·‖A‖/gap; these gaps are above 1e-3·‖A‖.
    expect(largestDifference(some.vectors, leading)).toBeLessThanOrEqual(1e-11);
  });

  test.each([
    ['the identity', identity(90), 90],
    ['zero', new Float64Array(50 * 50), 50],
    ['a diagonal matrix', identity(60).map((x, at) => x * (at % 7)), 60],
    ['a matrix of ones', new Float64Array(70 * 70).fill(1), 70],
  ])('keeps the vectors of %s orthonormal', async (_, matrix, n) => {
    const { vectors, residual } = await checked(matrix, n, n);
    expect(residual).toBeLessThanOrEqual(4 * n * Number.EPSILON);
    expect(orthonormalityError(vectors, n, n)).toBeLessThanOrEqual(1e-13);
  });

  test('reduces a large matrix by panels to the same values and vectors', async () => {
    const n = 700;
    const matrix = gramWithSpectrum(9, n, (i) => 1 / (i + 1));
    const { values, vectors, residual } = await checked(matrix, n, 30);
    expect(residual).toBeLessThanOrEqual(n * Number.EPSILON);
    expect(orthonormalityError(vectors, n, 30)).toBeLessThanOrEqual(1e-13);
    const trace = matrix.reduce((sum, x, at) => (at % (n + 1) === 0 ? sum + x : sum), 0);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / trace - 1)).toBeLessThanOrEqual(n * Number.EPSILON);
  });

  test('gives a null space vectors orthogonal to the rest', async () => {
    const n = 200;
    const { values, vectors } = await checked(
      gramWithSpectrum(10, n, (i) => (i < 20 ? 2 ** -i : 0)),
      n,
      n,
    );
    expect(orthonormalityError(vectors, n, n)).toBeLessThanOrEqual(1e-13);
    expect(values[19]! / values[0]!).toBeGreaterThan(1e-14);
    expect(Math.abs(values[20]! / values[0]!)).toBeLessThanOrEqual(n * Number.EPSILON);
  });

  test("keeps Wilkinson's pairs of almost equal values apart", async () => {
    const n = 101;
    const matrix = identity(n).map((x, at) => x * Math.abs((at % n) - 50));
    for (let i = 1; i < n; i++) matrix[i * n + i - 1] = matrix[(i - 1) * n + i] = 1;
    const { vectors, residual } = await checked(matrix, n, n);
    expect(residual).toBeLessThanOrEqual(n * Number.EPSILON);
    expect(orthonormalityError(vectors, n, n)).toBeLessThanOrEqual(1e-13);
  });

  test('the values sum to the trace and their squares to the energy, at any scale', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: -140, max: 140 }), async (n, exponent) => {
        const half = normalMatrix(n, n, n);
        const matrix = half.map((x, at) => (x + half[(at % n) * n + Math.floor(at / n)]!) * 10 ** exponent);
        const { values } = await symmetricEigen(matrix, n);
        let trace = 0;
        for (let i = 0; i < n; i++) trace += matrix[i * (n + 1)]! / 10 ** exponent;
        const sum = values.reduce((total, value) => total + value / 10 ** exponent, 0);
        const energy = matrix.reduce((total, x) => total + (x / 10 ** exponent) ** 2, 0);
        const squares = values.reduce((total, value) => total + (value / 10 ** exponent) ** 2, 0);
        expect(Math.abs(sum - trace)).toBeLessThanOrEqual(8 * n * Number.EPSILON * Math.sqrt(energy));
        expect(Math.abs(squares - energy)).toBeLessThanOrEqual(16 * n * Number.EPSILON * energy);
      }),
      { numRuns: 60 },
    );
  });

  test('makes the largest entry of every vector positive and changes nothing in its argument', async () => {
    const matrix = gramWithSpectrum(3, 30, (i) => 1 / (i + 1));
    const before = matrix.slice();
    const { vectors } = await symmetricEigen(matrix, 30, { vectors: 'all', blas: plainBlas });
    for (let j = 0; j < 30; j++) {
      const column = vectors.filter((_, at) => at % 30 === j);
      expect(Math.max(...column)).toBe(Math.max(...column.map(Math.abs)));
    }
    expect(matrix).toEqual(before);
  });

  test('refuses a matrix with a NaN or an infinity', async () => {
    await expect(symmetricEigen(Float64Array.of(1, 0, 0, Number.NaN), 2)).rejects.toThrow('NaN');
    await expect(symmetricEigen(Float64Array.of(1, Infinity, Infinity, 1), 2)).rejects.toThrow('infinity');
  });
});
