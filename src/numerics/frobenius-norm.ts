import type { RealArray } from './blas.ts';

/** Squares summed in one go; longer arrays are halved, so that rounding grows with log₂ of the length. */
const BLOCK = 256;

/** ‖x‖ of an array of any shape, in float64 by pairwise summation (Higham, Accuracy and Stability, §4.2). */
export function frobeniusNorm(data: RealArray): number {
  return Math.sqrt(sumOfSquares(data));
}

/** ‖x‖², the energy. */
export function sumOfSquares(data: RealArray, start = 0, end = data.length): number {
  if (end - start > BLOCK) {
    const middle = start + BLOCK * Math.ceil((end - start) / (2 * BLOCK));
    return sumOfSquares(data, start, middle) + sumOfSquares(data, middle, end);
  }
  let sum = 0;
  for (let i = start; i < end; i++) sum += data[i]! * data[i]!;
  return sum;
}
