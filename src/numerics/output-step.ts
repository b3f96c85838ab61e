import type { Blas } from './blas.ts';
import { type BlockedCholesky, blockedCholesky, blockedSolve } from './blocked-cholesky.ts';
import { transpose } from './transpose.ts';

export interface OutputStep {
  /** A, float64[T, R4]. */
  readonly output: Float64Array;
  /** ‖Ŵ − W‖² with it, by energy − 2⟨A, N⟩ + ⟨A·M, A⟩. */
  readonly error: number;
}

/**
 * Minimises energy − 2⟨A, N⟩ + ⟨A·M, A⟩ + μ‖A − A₀‖² over A. The proximal term keeps dependent columns from running away and
 * moves no fixed point; it grows tenfold until M + μI is positive definite, which M alone need not be in float32.
 * @param before A₀, float64[T, R4]; undefined for zero
 * @param right N, float64[T, R4]
 * @param normal M, float64[R4, R4]
 * @param proximity μ relative to the mean diagonal of M
 */
export async function outputStep(
  before: Float64Array | undefined,
  right: Float64Array,
  normal: Float64Array,
  rank: number,
  energy: number,
  proximity: number,
  blas: Blas,
): Promise<OutputStep> {
  const outputs = right.length / rank;
  const residual = before ? await residualAt(before, right, normal, rank, blas) : right;
  const factor = await shiftedFactor(normal, rank, proximity, blas);
  const step = await blockedSolve(factor, transpose(residual, outputs, rank), outputs, blas);
  const output = transpose(step, rank, outputs);
  if (before) for (let i = 0; i < output.length; i++) output[i]! += before[i]!;
  const final = await blas.gemm64({ m: outputs, n: rank, k: rank, a: output, b: normal });
  let error = energy;
  for (let i = 0; i < output.length; i++) error += output[i]! * (final[i]! - 2 * right[i]!);
  return { output, error: Math.max(0, error) };
}

/** N − A·M. */
async function residualAt(output: Float64Array, right: Float64Array, normal: Float64Array, rank: number, blas: Blas) {
  const residual = await blas.gemm64({ m: output.length / rank, n: rank, k: rank, a: output, b: normal });
  for (let i = 0; i < residual.length; i++) residual[i] = right[i]! - residual[i]!;
  return residual;
}

/** Factor of M + μI with the first μ = relative·10ⁿ times the mean diagonal at which there is one. */
async function shiftedFactor(matrix: Float64Array, n: number, relative: number, blas: Blas): Promise<BlockedCholesky> {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += matrix[i * n + i]! / n;
  if (!(mean > 0)) return blockedCholesky(new Float64Array(n * n), n, blas, 1);
  for (let shift = relative * mean; shift < mean; shift *= 10) {
    try {
      return await blockedCholesky(matrix, n, blas, shift);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return blockedCholesky(matrix, n, blas, n * mean);
}
