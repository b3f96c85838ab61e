import type { Blas } from './blas.ts';
import { type BlockedCholesky, blockedCholesky, blockedInverse, blockedSolve } from './blocked-cholesky.ts';
import type { PartLayout } from './core-parts.ts';

/** Shift of preconditioners, relative to their mean diagonal; from 1e-2 to 1e-5 it makes no difference to block models. */
const SHIFT = 1e-3;

/** Gram matrix of all factors but one part, over its rows (q,a,b): float64[rows, rows]. */
export function rowGram(
  { a, b, rows, blocks, sizes }: PartLayout,
  parts: readonly Float64Array[],
  part: number,
  gamma: Float64Array,
  inner: Float64Array,
): Float64Array {
  const [outs, rank] = [blocks * a, blocks * b];
  const result = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    const [out, input] = [Math.floor(i / b), Math.floor(i / (a * b)) * b + (i % b)];
    for (let j = 0; j <= i; j++) {
      const other = Math.floor(j / (a * b)) * b + (j % b);
      let value = gamma[out * outs + Math.floor(j / b)]! * inner[input * rank + other]!;
      for (const [p, values] of parts.entries()) {
        if (p === part) continue;
        let sum = 0;
        for (let k = 0; k < sizes[p]!; k++) sum += values[i * sizes[p]! + k]! * values[j * sizes[p]! + k]!;
        value *= sum;
      }
      result[i * rows + j] = value;
      result[j * rows + i] = value;
    }
  }
  return result;
}

/** The mean metric of one of the axes that K is made of. */
export function axisGram(gram: Float64Array, sizes: readonly number[], axis: number): Float64Array {
  const size = sizes[axis]!;
  const after = sizes.slice(axis + 1).reduce((product, next) => product * next, 1);
  const positions = sizes.reduce((product, next) => product * next, 1);
  const result = new Float64Array(size * size);
  for (let k = 0; k < positions; k++) {
    const own = Math.floor(k / after) % size;
    for (let other = 0; other < size; other++) {
      result[own * size + other]! += (gram[k * positions + k + (other - own) * after]! * size) / positions;
    }
  }
  return result;
}

/** X⁻¹·B for right-hand sides B, float64[n, columns]. */
export type Solver = (right: Float64Array, columns: number) => Promise<Float64Array>;

/** Up to this size an inverse is made: one product for each right-hand side in place of many small ones. */
const INVERTED = 512;

/** Solves with X + shift·(mean diagonal)·I. */
export async function shiftedSolver(matrix: Float64Array, n: number, blas: Blas, shift = SHIFT): Promise<Solver> {
  const factor = await shiftedFactor(matrix, n, blas, shift);
  if (n > INVERTED) return (right, columns) => blockedSolve(factor, right, columns, blas);
  const inverse = await blockedInverse(factor, blas);
  return (right, columns) => blas.gemm64({ m: n, n: columns, k: n, a: inverse, b: right });
}

/** (X + SHIFT·(mean diagonal)·I)⁻¹, float64[n, n]. */
export async function shiftedInverse(matrix: Float64Array, n: number, blas: Blas): Promise<Float64Array> {
  return blockedInverse(await shiftedFactor(matrix, n, blas, SHIFT), blas);
}

function shiftedFactor(matrix: Float64Array, n: number, blas: Blas, shift: number): Promise<BlockedCholesky> {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += matrix[i * n + i]! / n;
  return blockedCholesky(matrix, n, blas, mean > 0 ? shift * mean : 1);
}
