import type { RealArray } from './blas.ts';
import { elementCount, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';

/**
 * One group of a kernel, W[t, s, k…], as a stack of matrices: one T × S matrix for each of the K spatial positions.
 * Every product of the Tucker fits is then a plain matrix product on contiguous data.
 */
export interface KernelStack {
  /** T. */
  readonly outputs: number;
  /** S. */
  readonly inputs: number;
  /** K, in row-major order of the spatial axes. */
  readonly positions: number;
  /** [K, T, S], in the kernel's own precision. */
  readonly data: RealArray;
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
export function* kernelStacks(kernel: RealNdArray): Generator<KernelStack> {
  const { groups, outputs, inputs, positions } = kernelShape(kernel);
  const size = outputs * inputs * positions;
  for (let g = 0; g < groups; g++) {
    const group = { data: kernel.data.subarray(g * size, (g + 1) * size), dims: [outputs, inputs, positions] };
    yield { outputs, inputs, positions, data: permuteAxes(group, [2, 0, 1]).data };
  }
}

/** The T × S matrix at one position. */
export function stackMatrix(stack: KernelStack, position: number): RealArray {
  const size = stack.outputs * stack.inputs;
  return stack.data.subarray(position * size, (position + 1) * size);
}
