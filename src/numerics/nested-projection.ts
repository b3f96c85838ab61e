import type { Blas } from './blas.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { whiteOutputs } from './low-rank-inner.ts';
import { type MetricGroup, scaledProblem } from './metric-fit.ts';
import { nestedBasis } from './metric-starts.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** A group projected on one basis of its inputs whose leading rows serve for every smaller rank. */
export interface NestedProjection {
  /** Squared error, as a part of the energy, of the best F on the leading R rows. */
  free(R: number): number;
  /** The same for F of rank R4: one entry for each of `R4s`. */
  lowRank(R: number, R4s: readonly number[]): Promise<readonly number[]>;
}

/**
 * Ŵ = F·B for all ranks of B at once: B leads with the input directions that capture most (see nestedBasis), H of a smaller
 * rank is the leading block of H, and so is its Cholesky factor. Fits improve B from there.
 *
 * @param inputAxes spatial axes that count as inputs
 * @param rank the largest that will be asked for
 */
export async function nestedProjection(
  group: MetricGroup,
  inputAxes: readonly number[],
  rank: number,
  blas: Blas,
): Promise<NestedProjection> {
  const { problem, kernel } = scaledProblem(group, inputAxes, blas);
  const { outputs, positions } = problem;
  const projected = await problem.project(await nestedBasis(problem, kernel, rank, blas), rank);
  const { half } = await whiteOutputs(projected, blas);
  const rowsOf = (from: number, to: number) => half.subarray(from * positions * outputs, to * positions * outputs);
  const captured = new Float64Array(rank + 1);
  for (let r = 0; r < rank; r++) captured[r + 1] = captured[r]! + sumOfSquares(rowsOf(r, r + 1));
  return {
    free: (R) => Math.max(0, 1 - captured[R]!),
    async lowRank(R, R4s) {
      const rows = rowsOf(0, R);
      const k = R * positions;
      const energies = await blas.gemm64({ m: outputs, n: outputs, k, a: rows, b: rows, transA: true });
      const { values } = await symmetricEigen(energies, outputs, { blas });
      const kept = new Float64Array(outputs + 1);
      for (let r = 0; r < outputs; r++) kept[r + 1] = kept[r]! + Math.max(0, values[r]!);
      return R4s.map((R4) => Math.max(0, 1 - kept[R4]!));
    },
  };
}
