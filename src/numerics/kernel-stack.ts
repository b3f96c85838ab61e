import type { RealArray } from './blas.ts';
import { elementCount, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';

/**
 * A group with more elements than this is read position by position, so that its projections do not stand in memory as
 * a whole.
 */
const BLOCK_ELEMENTS = 2 ** 23;

/**
 * Some spatial positions of one group of a kernel, with the inputs last: W[t, k, s]. Read as [T·k, S] or as [T, k·S], it
 * enters the products of the Tucker fits as it stands.
 */
export interface KernelBlock {
  /** [T, k, S], in the precision of the kernel. */
  readonly data: RealArray;
  /** k. */
  readonly positions: number;
}

/** One group of a kernel. */
export interface KernelStack {
  /** T. */
  readonly outputs: number;
  /** S. */
  readonly inputs: number;
  /** All positions in one block, or in a large kernel one block each. */
  readonly blocks: readonly KernelBlock[];
}

/** Groups, channels and spatial sizes of a kernel [g, t, s, k…]. Throws a RangeError when it is not one. */
export function kernelShape({ data, dims }: RealNdArray) {
  const [groups, outputs, inputs, ...spatial] = dims;
  if (groups === undefined || outputs === undefined || inputs === undefined || elementCount(dims) !== data.length) {
    throw new RangeError(`a kernel has dims [g, t, s, k…]; got [${dims}] with ${data.length} values`);
  }
  return { groups, outputs, inputs, spatial, positions: elementCount(spatial) };
}

/** The stacks of a kernel [g, t, s, k…], one group after the other. */
export function* kernelStacks(kernel: RealNdArray, blockElements = BLOCK_ELEMENTS): Generator<KernelStack> {
  const { groups, outputs, inputs, positions } = kernelShape(kernel);
  const size = outputs * inputs * positions;
  for (let g = 0; g < groups; g++) {
    const group = { data: kernel.data.subarray(g * size, (g + 1) * size), dims: [outputs, inputs, positions] };
    if (size <= blockElements) {
      const { data } = permuteAxes(group, [0, 2, 1]);
      yield { outputs, inputs, blocks: [{ positions, data }] };
    } else {
      const { data } = permuteAxes(group, [2, 0, 1]);
      const block = size / positions;
      const blocks = Array.from({ length: positions }, (_, k) => ({
        positions: 1,
        data: data.subarray(k * block, (k + 1) * block),
      }));
      yield { outputs, inputs, blocks };
    }
  }
}
