import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fold, modeProduct, type NdArray, unfold } from '../../src/numerics/index.ts';
import { largestDifference, normalMatrix } from './random-matrices.ts';

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });

function arrayOf(dims: readonly number[], seed = 1): NdArray {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { data: normalMatrix(seed, 1, count), dims };
}

describe('unfold, fold and modeProduct', () => {
  test('fold undoes unfold along every mode', () => {
    fc.assert(
      fc.property(shapes, (dims) => {
        const array = arrayOf(dims);
        dims.forEach((_, mode) => {
          expect(fold(unfold(array, mode), mode, dims)).toEqual(array);
        });
      }),
    );
  });

  test('row i of an unfolding holds the entries whose index along the mode is i', () => {
    const array: NdArray = { data: Float64Array.from({ length: 24 }, (_, i) => i), dims: [2, 3, 4] };
    expect(Array.from(unfold(array, 1).data.subarray(8, 16))).toEqual([4, 5, 6, 7, 16, 17, 18, 19]);
    expect(unfold(array, 1).dims).toEqual([3, 8]);
    expect(Array.from(unfold(array, 2).data.subarray(0, 6))).toEqual([0, 4, 8, 12, 16, 20]);
  });

  test('products along different modes commute, products along one mode compose', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), fc.nat(), async (dims, first, second) => {
        const array = arrayOf(dims);
        const p = first % dims.length;
        const q = second % dims.length;
        const left: NdArray = { data: normalMatrix(2, 4, dims[p]!), dims: [4, dims[p]!] };
        const inner = p === q ? 4 : dims[q]!;
        const right: NdArray = { data: normalMatrix(3, 3, inner), dims: [3, inner] };
        const oneWay = await modeProduct(await modeProduct(array, left, p), right, q);
        const other =
          p === q
            ? await modeProduct(array, await modeProduct(left, right, 0), p)
            : await modeProduct(await modeProduct(array, right, q), left, p);
        expect(oneWay.dims).toEqual(other.dims);
        // Sums of at most 25 products of numbers below 6.
        expect(largestDifference(oneWay.data, other.data)).toBeLessThanOrEqual(25 * 6 ** 3 * Number.EPSILON);
      }),
      { numRuns: 60 },
    );
  });

  test('a transposed matrix applies its transpose', async () => {
    const array = arrayOf([3, 4, 5]);
    const matrix: NdArray = { data: normalMatrix(9, 4, 2), dims: [4, 2] };
    const transposed: NdArray = { data: unfold(matrix, 1).data, dims: [2, 4] };
    expect(await modeProduct(array, matrix, 1, { transposed: true })).toEqual(await modeProduct(array, transposed, 1));
  });

  test('refuses a mode that does not exist and a matrix that does not fit', async () => {
    const array = arrayOf([3, 4]);
    expect(() => unfold(array, 2)).toThrow('mode 2');
    await expect(modeProduct(array, arrayOf([2, 3]), 1)).rejects.toThrow('along mode 1');
    expect(() => fold(arrayOf([5, 5]), 0, [3, 4])).toThrow('fold');
  });
});
