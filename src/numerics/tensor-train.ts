import type { RealMatrix } from './add-gram.ts';
import type { Blas } from './blas.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { kernelShape } from './kernel-stack.ts';
import { type NdArray, projectionError, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import { tallQr } from './qr.ts';
import { checkRank, projectRows, type RowProjection } from './row-basis.ts';
import type { Fit } from './tensor-network.ts';

/**
 * A kernel as a tensor train in the order s, k₁ … k_d, t:
 *
 *   W[g,t,s,k₁,k₂] ≈ Σ U[g,t,R3] H2[g,R3,R2,k₂] H1[g,R2,R1,k₁] V[g,R1,s]
 *
 * TT-SVD (Oseledets 2011, algorithm 1): from the input side on, the leading left singular vectors of what is left become
 * a factor, and their projection is what is left. All factors but U have orthonormal columns, and the squared error is
 * at most the sum of the energies cut off at the d + 1 unfoldings.
 *
 * @param kernel [g, t, s, k₁ … k_d]
 * @param ranks [R1 … R(d+1)], with R1 ≤ S, R(j+1) ≤ Rj·k_j and each at most the size of what remains behind it
 * @returns V[g,R1,s], Hj[g,R(j+1),Rj,kj], U[g,t,R(d+1)]
 */
export async function tensorTrain(kernel: RealNdArray, ranks: readonly number[], blas: Blas): Promise<Fit> {
  const { groups, outputs, inputs, spatial } = kernelShape(kernel);
  const modes = [inputs, ...spatial];
  const train = permuteAxes(kernel, [0, 2, ...spatial.map((_, axis) => axis + 3), 1]);
  const size = kernel.data.length / groups;
  const cars: Float64Array[][] = [];
  for (let g = 0; g < groups; g++) {
    cars.push(await decomposeGroup(train.data.subarray(g * size, (g + 1) * size), modes, ranks, blas));
  }
  const stacked = (position: number, dims: readonly number[]): NdArray => ({
    data: concatenate(cars.map((group) => group[position]!)),
    dims: [groups, ...dims],
  });
  const factors: Record<string, NdArray> = { V: permuteAxes(stacked(0, [inputs, ranks[0]!]), [0, 2, 1]) };
  for (const [j, k] of spatial.entries()) {
    factors[`H${j + 1}`] = permuteAxes(stacked(j + 1, [ranks[j]!, k, ranks[j + 1]!]), [0, 3, 1, 2]);
  }
  const last = modes.length;
  factors['U'] = permuteAxes(stacked(last, [ranks[last - 1]!, outputs]), [0, 2, 1]);
  return { factors, relativeError: projectionError(sumOfSquares(kernel.data), sumOfSquares(factors['U'].data)) };
}

/** [R_j·n_j, R_j+1] for every mode of the train, then the rest, [R_last, T]. */
async function decomposeGroup(
  data: RealNdArray['data'],
  modes: readonly number[],
  ranks: readonly number[],
  blas: Blas,
): Promise<Float64Array[]> {
  const cars: Float64Array[] = [];
  let rest = data;
  let before = 1;
  for (const [j, size] of modes.entries()) {
    const rows = before * size;
    const columns = rest.length / rows;
    const rank = ranks[j] ?? 0;
    checkRank(`R${j + 1}`, rank, Math.min(rows, columns));
    const cut = await cutRows({ data: rest, rows, columns }, rank, blas);
    cars.push(cut.basis);
    rest = cut.rest;
    before = rank;
  }
  return [...cars, Float64Array.from(rest)];
}

/** At the full rank of a tall matrix its QR decomposition: exact, where eigenvectors would lose the smallest values. */
async function cutRows(matrix: RealMatrix, rank: number, blas: Blas): Promise<RowProjection> {
  const { data, rows, columns } = matrix;
  if (rank < columns || rows <= columns) return projectRows(matrix, rank, blas);
  const { q, r } = await tallQr(Float64Array.from(data), rows, columns, blas);
  return { basis: q, rest: r };
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
