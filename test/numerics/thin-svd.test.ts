import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { gramMatrix, plainBlas, singularValues, thinSvd } from '../../src/numerics/index.ts';
import { multiply } from '../../src/numerics/plain-blas.ts';
import { exactRandom, largestDifference, normalMatrix, orthonormalityError } from './random-matrices.ts';

interface OracleCase {
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  readonly values: number[];
}
const oracle: OracleCase[] = JSON.parse(
  readFileSync(new URL('../oracle/dense-singular-values.json', import.meta.url), 'utf8'),
);

/** A = U·diag(s)·Vᵀ of a given spectrum. */
async function withSpectrum(m: number, n: number, s: readonly number[]): Promise<Float64Array> {
  const { u } = await thinSvd({ data: normalMatrix(1, m, s.length), dims: [m, s.length] });
  const { u: v } = await thinSvd({ data: normalMatrix(2, n, s.length), dims: [n, s.length] });
  const scaled = u.map((x, at) => x * s[at % s.length]!);
  return multiply({ m, n, k: s.length, a: scaled, b: v, transB: true });
}

describe('singularValues', () => {
  test.each(oracle)('agrees with numpy on $rows × $columns to 1e-10', async ({ seed, rows, columns, values }) => {
    const matrix = { data: exactRandom(seed, rows * columns), dims: [rows, columns] };
    const found = await singularValues(matrix);
    expect(found.length).toBe(values.length);
    found.forEach((value, i) => {
      expect(Math.abs(value / values[i]! - 1)).toBeLessThanOrEqual(1e-10);
    });
  });

  test('keeps twelve decades apart in a small matrix, where a Gram matrix would lose five', async () => {
    const spectrum = Array.from({ length: 13 }, (_, i) => 10 ** -i);
    const found = await singularValues({ data: await withSpectrum(20, 30, spectrum), dims: [20, 30] });
    spectrum.forEach((s, i) => {
      // The matrix itself was rounded to ε·σ₁.
      expect(Math.abs(found[i]! - s)).toBeLessThanOrEqual(20 * Number.EPSILON);
    });
  });

  test('reads float32 as it is', async () => {
    const data = Float32Array.from(exactRandom(3, 100 * 90));
    const widened = Float64Array.from(data);
    expect(await singularValues({ data, dims: [100, 90] })).toEqual(
      await singularValues({ data: widened, dims: [100, 90] }),
    );
  });
});

describe('thinSvd', () => {
  test.each([
    [1, 1],
    [7, 3],
    [3, 7],
    [40, 40],
    [90, 130],
    [130, 90],
  ])('%i × %i: the product is the matrix, the factors are orthonormal, the values fall', async (m, n) => {
    const data = normalMatrix(5, m, n);
    const l = Math.min(m, n);
    const { u, s, v } = await thinSvd({ data, dims: [m, n] });
    const scaled = u.map((x, at) => x * s[at % l]!);
    const back = multiply({ m, n, k: l, a: scaled, b: v, transB: true });
    expect(largestDifference(back, data)).toBeLessThanOrEqual(8 * l * Number.EPSILON * s[0]!);
    expect(orthonormalityError(u, m, l)).toBeLessThanOrEqual(1e-13);
    expect(orthonormalityError(v, n, l)).toBeLessThanOrEqual(1e-13);
    expect(Array.from(s)).toEqual(Array.from(s).sort((a, b) => b - a));
  });

  test.each([
    ['rank 2', [3, 1]],
    ['zeros', [0]],
  ])('completes the factors of a matrix of %s to orthonormal ones', async (_, spectrum) => {
    const data = await withSpectrum(9, 12, spectrum);
    const { u, s, v } = await thinSvd({ data, dims: [9, 12] });
    expect(s.subarray(2).every((value) => value <= 1e-14)).toBe(true);
    expect(orthonormalityError(u, 9, 9)).toBeLessThanOrEqual(1e-13);
    expect(orthonormalityError(v, 12, 9)).toBeLessThanOrEqual(1e-13);
  });
});

describe('gramMatrix', () => {
  test.each([0, 1, 2, 3])('is X·Xᵀ of the unfolding along mode %i, exactly symmetric', async (mode) => {
    const dims = [5, 6, 3, 4];
    const data = Float32Array.from(normalMatrix(8, 1, 360));
    const gram = await gramMatrix({ data, dims }, mode, plainBlas);
    const n = dims[mode]!;
    const strides = [72, 12, 4, 1];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        data.forEach((x, at) => {
          const index = Math.floor(at / strides[mode]!) % n;
          if (index === i) sum += x * data[at + (j - i) * strides[mode]!]!;
        });
        expect(Math.abs(gram[i * n + j]! - sum)).toBeLessThanOrEqual(360 * Number.EPSILON * 16);
        expect(gram[i * n + j]).toBe(gram[j * n + i]);
      }
    }
  });

  test('comes out the same however few columns are taken at a time', async () => {
    const array = { data: Float32Array.from(exactRandom(6, 360)), dims: [5, 6, 12] };
    for (const mode of [0, 1, 2]) {
      const whole = await gramMatrix(array, mode, plainBlas);
      for (const chunk of [1, 13, 40, 100]) {
        const pieces = await gramMatrix(array, mode, plainBlas, chunk);
        // Sums of at most 72 products below ¼, in another order.
        expect(largestDifference(pieces, whole)).toBeLessThanOrEqual(72 * 18 * Number.EPSILON);
      }
    }
  });
});
