import { describe, expect, test } from '@jest/globals';
import { leastSquares, qr, symmetricPower, tallQr } from '../../src/numerics/index.ts';
import { multiply } from '../../src/numerics/plain-blas.ts';
import { gramWithSpectrum, identity, largestDifference, normalMatrix, orthonormalityError } from './random-matrices.ts';

describe('qr and tallQr', () => {
  test('a zero column gets a direction of its own', async () => {
    for (const matrix of [new Float64Array(4), new Float64Array([1, 0, 2, 0, 3, 0, 4, 0])]) {
      const { q, r } = await tallQr(matrix, 4, matrix.length / 4);
      expect(Math.hypot(...q.filter((_, i) => i % (matrix.length / 4) === matrix.length / 4 - 1))).toBeCloseTo(1, 14);
      expect(r.at(-1)).toBe(0);
    }
  });

  test.each([
    [1, 1],
    [6, 6],
    [50, 8],
    [200, 30],
  ])('%i × %i: Q·R is the matrix, Q orthonormal, R upper triangular with a positive diagonal', async (m, n) => {
    const matrix = normalMatrix(1, m, n);
    for (const { q, r } of [qr(matrix, m, n), await tallQr(matrix, m, n)]) {
      const back = multiply({ m, n, k: n, a: q, b: r });
      expect(largestDifference(back, matrix)).toBeLessThanOrEqual(8 * m * Number.EPSILON);
      expect(orthonormalityError(q, m, n)).toBeLessThanOrEqual(1e-13);
      for (let i = 0; i < n; i++) {
        expect(r[i * n + i]).toBeGreaterThan(0);
        expect(r.subarray(i * n, i * n + i).every((x) => x === 0)).toBe(true);
      }
    }
  });

  test('columns that depend on each other leave Q orthonormal', async () => {
    const column = normalMatrix(2, 30, 1);
    const matrix = Float64Array.from({ length: 90 }, (_, at) => column[Math.floor(at / 3)]! * ((at % 3) + 1));
    for (const { q, r } of [qr(matrix, 30, 3), await tallQr(matrix, 30, 3)]) {
      expect(orthonormalityError(q, 30, 3)).toBeLessThanOrEqual(1e-13);
      expect(largestDifference(multiply({ m: 30, n: 3, k: 3, a: q, b: r }), matrix)).toBeLessThanOrEqual(1e-13);
    }
  });

  test('refuses a wide matrix', () => {
    expect(() => qr(new Float64Array(6), 2, 3)).toThrow('m ≥ n');
  });
});

describe('leastSquares', () => {
  const m = 40;
  const n = 6;
  const a = normalMatrix(3, m, n);
  const b = normalMatrix(4, m, 3);

  test.each(['normal-equations', 'qr'] as const)('%s: the residual is orthogonal to the columns', async (method) => {
    for (const ridge of [0, 0.7]) {
      const x = await leastSquares({ a, b, m, n, columns: 3 }, { method, ridge });
      const residual = multiply({ m, n: 3, k: n, a, b: x }).map((value, at) => b[at]! - value);
      const gradient = multiply({ m: n, n: 3, k: m, a, b: residual, transA: true });
      // Aᵀ(b − A·x) = λ·x; sums of 40 products of numbers below 4.
      expect(
        largestDifference(
          gradient,
          x.map((value) => ridge * value),
        ),
      ).toBeLessThanOrEqual(m * 16 * 8 * Number.EPSILON);
    }
  });

  test('qr keeps digits that the normal equations lose', async () => {
    const scaled = a.map((x, at) => x * 10 ** -(at % n));
    const twisted = multiply({ m, n, k: n, a: scaled, b: qr(normalMatrix(9, n, n), n, n).q });
    const x = normalMatrix(5, n, 1);
    const right = multiply({ m, n: 1, k: n, a: twisted, b: x });
    const errorOf = async (method: 'qr' | 'normal-equations') =>
      largestDifference(await leastSquares({ a: twisted, b: right, m, n, columns: 1 }, { method }), x);
    // Condition number 1e5: ε·κ against ε·κ².
    expect(await errorOf('qr')).toBeLessThanOrEqual(1e-9);
    expect(await errorOf('normal-equations')).toBeGreaterThan(10 * (await errorOf('qr')));
  });

  test('qr says which column depends on the others', async () => {
    const dependent = a.map((x, at) => (at % n === 3 ? a[at - 1]! : x));
    await expect(leastSquares({ a: dependent, b, m, n, columns: 3 }, { method: 'qr' })).rejects.toThrow('column 3');
  });
});

describe('symmetricPower', () => {
  test('C^½·C^½ is C and C^½·C^−½ the identity', async () => {
    const n = 30;
    const matrix = gramWithSpectrum(6, n, (i) => 1 / (i + 1));
    const [root, inverseRoot, inverse] = await symmetricPower(matrix, n, [0.5, -0.5, -1]);
    const largest = Math.max(...matrix);
    const square = multiply({ m: n, n, k: n, a: root!, b: root! });
    expect(largestDifference(square, matrix)).toBeLessThanOrEqual(8 * n * Number.EPSILON * largest);
    // The error of C^−½ is ε times the condition number, below 1e6 here.
    const one = multiply({ m: n, n, k: n, a: root!, b: inverseRoot! });
    expect(largestDifference(one, identity(n))).toBeLessThanOrEqual(1e6 * n * Number.EPSILON);
    const other = multiply({ m: n, n, k: n, a: matrix, b: inverse! });
    expect(largestDifference(other, identity(n))).toBeLessThanOrEqual(1e6 * n * Number.EPSILON);
  });

  test('raises eigenvalues below 1e-10 of the largest before it inverts them', async () => {
    const [inverse] = await symmetricPower(Float64Array.of(2, 0, 0, 0), 2, [-1]);
    expect(inverse![0]).toBeCloseTo(0.5, 12);
    expect(inverse![3]! * 2e-10).toBeCloseTo(1, 9);
  });

  test('refuses a matrix without a positive eigenvalue', async () => {
    await expect(symmetricPower(new Float64Array(4), 2, [0.5])).rejects.toThrow('no positive eigenvalue');
  });
});
