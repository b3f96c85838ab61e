import type { RealArray } from './blas.ts';
import type { CpModel } from './cp-state.ts';

/** Product of all sizes but the largest: that many components reproduce any tensor of these sizes. */
export function exactRank(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1) / Math.max(...sizes);
}

/**
 * A tensor as CP, to the bit: one component per combination of indices of all modes but the largest. Its columns in
 * those modes are unit vectors, its column in the largest mode is the fibre that stands there. Components beyond
 * `exactRank` are zero.
 *
 * @param data row-major over `sizes`
 * @param rank at least `exactRank(sizes)`
 */
export function exactModel(data: RealArray, sizes: readonly number[], rank: number): CpModel {
  const fibreMode = sizes.indexOf(Math.max(...sizes));
  const model = sizes.map((size) => new Float64Array(size * rank));
  const position = sizes.map(() => 0);
  for (let at = 0; at < data.length; at++) {
    const component = position.reduce((index, i, mode) => (mode === fibreMode ? index : index * sizes[mode]! + i), 0);
    for (const [mode, i] of position.entries()) {
      model[mode]![i * rank + component] = mode === fibreMode ? data[at]! : 1;
    }
    advance(position, sizes);
  }
  return model;
}

/** The next multi-index in row-major order. */
function advance(position: number[], sizes: readonly number[]): void {
  for (let mode = sizes.length - 1; mode >= 0; mode--) {
    position[mode]!++;
    if (position[mode]! < sizes[mode]!) return;
    position[mode] = 0;
  }
}
