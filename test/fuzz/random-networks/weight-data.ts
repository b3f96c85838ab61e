import type { RealDType } from '../../../src/ir/index.ts';
import type { SeededRandom } from '../../../src/numerics/index.ts';
import { chance, integer, pick } from '../../support/draws.ts';

/**
 * Numbers for a weight: of full rank, of low rank with noise or without, rarely all zero; rarely of another scale, down
 * to where float16 has few digits left.
 *
 * @param dims the first one against all others is where the rank is low
 * @param fanIn terms of the sums that the weight makes; outputs of normal inputs keep their size
 */
export function weightData(
  random: SeededRandom,
  dims: readonly number[],
  fanIn: number,
  dtype: RealDType,
): Float64Array {
  if (chance(random, 0.015)) return new Float64Array(dims.reduce((product, dim) => product * dim, 1));
  const [rows = 1, ...others] = dims;
  const columns = others.reduce((product, dim) => product * dim, 1);
  const scale = (chance(random, 0.9) ? 1 : dtype === 'float16' ? 1e-4 : pick(random, [1e-5, 1e3])) / Math.sqrt(fanIn);
  const [low, noise] = pick(random, [
    [0, 1],
    [1, 0],
    [1, 0.003],
  ] as const);
  const full = random.normals(rows * columns);
  const product = lowRank(random, rows, columns, integer(random, 1, 3));
  return full.map((value, i) => scale * (noise * value + low * (product[i] as number)));
}

/** A Bᵀ / √rank with normal factors: entries of variance 1. */
function lowRank(random: SeededRandom, rows: number, columns: number, rank: number): Float64Array {
  const [left, right] = [random.normals(rows * rank), random.normals(rank * columns)];
  return Float64Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += (left[row * rank + r] as number) * (right[r * columns + column] as number);
    return sum / Math.sqrt(rank);
  });
}
