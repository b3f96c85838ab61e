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
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = start;
  for (; i + 3 < end; i += 4) {
    s0 += data[i]! * data[i]!;
    s1 += data[i + 1]! * data[i + 1]!;
    s2 += data[i + 2]! * data[i + 2]!;
    s3 += data[i + 3]! * data[i + 3]!;
  }
  for (; i < end; i++) s0 += data[i]! * data[i]!;
  return s0 + s1 + (s2 + s3);
}
