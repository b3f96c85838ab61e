import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../src/numerics/index.ts';
import { nonNegativeLeastSquares } from '../../src/timing/non-negative-least-squares.ts';

const random = seededRandom(5, 'nnls');
const matrix = (rows: number, columns: number) =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));
const times = (rows: readonly (readonly number[])[], x: readonly number[]) =>
  rows.map((row) => row.reduce((sum, value, j) => sum + value * (x[j] ?? 0), 0));

describe('nonNegativeLeastSquares', () => {
  it('finds an exact solution that is not negative, whatever the scales of the columns', () => {
    const rows = matrix(20, 5).map((row) => row.map((value, j) => value * 1e3 ** j));
    const x = [2, 0, 3e-6, 1e-9, 5e-12];
    nonNegativeLeastSquares(rows, times(rows, x)).forEach((value, j) => {
      expect(value * 1e3 ** j).toBeCloseTo((x[j] ?? 0) * 1e3 ** j, 6);
    });
  });

  it('meets the conditions of Karush, Kuhn and Tucker', () => {
    for (let turn = 0; turn < 20; turn++) {
      const rows = matrix(15, 6);
      const wanted = Array.from({ length: 15 }, () => random.normal());
      const x = nonNegativeLeastSquares(rows, wanted);
      const rest = times(rows, x).map((value, i) => value - (wanted[i] ?? 0));
      x.forEach((value, j) => {
        const slope = rest.reduce((sum, r, i) => sum + r * (rows[i]?.[j] ?? 0), 0);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(slope).toBeGreaterThan(-1e-6);
        expect(Math.abs(slope * value)).toBeLessThan(1e-6);
      });
    }
  });

  it('gives nothing to a column of zeros', () => {
    expect(nonNegativeLeastSquares([[0, 2]], [4])).toEqual([0, 2]);
  });
});
