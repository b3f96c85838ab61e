import type { RealArray } from './blas.ts';

/** A dense row-major array of float64. `dims` may be empty (a scalar). */
export interface NdArray {
  readonly data: Float64Array;
  readonly dims: readonly number[];
}

/**
 * A dense row-major array of float32 or float64. Kernels come in their model's own precision, so that a large float32
 * weight is never copied into twice its size; whatever is computed from them is float64.
 */
export interface RealNdArray {
  readonly data: RealArray;
  readonly dims: readonly number[];
}

/** Number of elements of an array with these dims; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** √(1 − captured/total) for a projection that keeps `captured` of a total energy; 0 for a zero tensor. */
export function projectionError(total: number, captured: number): number {
  return total > 0 ? Math.sqrt(Math.max(0, 1 - captured / total)) : 0;
}
