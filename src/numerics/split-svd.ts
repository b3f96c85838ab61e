import type { Blas } from './blas.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { kernelShape } from './kernel-stack.ts';
import { elementCount, type NdArray, projectionError, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import { checkRank, projectRows, type RowProjection } from './row-basis.ts';

export interface SplitSvd {
  /** float64[g, t, R, k…] over the spatial axes that the other factor does not have. */
  readonly output: NdArray;
  /** float64[g, R, s, k…] over `inputAxes`. */
  readonly input: NdArray;
  /** ‖Ŵ−W‖_F/‖W‖_F, from the energy that the projection keeps. */
  readonly relativeError: number;
}

/**
 * A kernel cut in two: W[g, t, s, k…] ≈ Σ_r output[g, t, r, k_out…] · input[g, r, s, k_in…], for each group the best
 * rank-R approximation of the matrix with rows (t, k_out…) and columns (s, k_in…).
 *
 *   channel-svd  all spatial axes on the input side      svd  a kernel without spatial axes
 *   spatial-svd  some of them (Jaderberg et al. 2014, scheme 2; Tai et al. 2016 give this closed form)
 *
 * Both factors carry the square roots of the singular values, so that neither loses digits when it is rounded.
 *
 * @param inputAxes spatial axes of the input-side factor: 0 for the first one, k₁
 * @param rank 1 … the smaller of the two matrix sizes, where the product is exact; a RangeError outside
 */
export async function splitSvd(
  kernel: RealNdArray,
  inputAxes: readonly number[],
  rank: number,
  blas: Blas,
): Promise<SplitSvd> {
  const { groups, outputs, inputs, spatial } = kernelShape(kernel);
  const outputAxes = spatial.map((_, axis) => axis).filter((axis) => !inputAxes.includes(axis));
  const outputDims = [outputs, ...outputAxes.map((axis) => spatial[axis]!)];
  const inputDims = [inputs, ...inputAxes.map((axis) => spatial[axis]!)];
  const [rows, columns] = [elementCount(outputDims), elementCount(inputDims)];
  checkRank('R', rank, Math.min(rows, columns));
  const outputFirst = rows <= columns;
  const sides = [
    [1, ...outputAxes.map((axis) => axis + 3)],
    [2, ...inputAxes.map((axis) => axis + 3)],
  ] as const;
  const ordered = permuteAxes(kernel, [0, ...(outputFirst ? sides.flat() : sides.toReversed().flat())]);
  const output = new Float64Array(groups * rows * rank);
  const input = new Float64Array(groups * rank * columns);
  let captured = 0;
  for (let g = 0; g < groups; g++) {
    const data = ordered.data.subarray(g * rows * columns, (g + 1) * rows * columns);
    const shape = outputFirst ? { rows, columns } : { rows: columns, columns: rows };
    const projection = await projectRows({ data, ...shape }, rank, blas);
    captured += sumOfSquares(projection.rest);
    const cut = balance(projection, rank);
    output.set(outputFirst ? cut.basis : transposed(cut.rest, rank, rows), g * rows * rank);
    input.set(outputFirst ? cut.rest : transposed(cut.basis, columns, rank), g * rank * columns);
  }
  return {
    output: rankSecond({ data: output, dims: [groups, ...outputDims, rank] }),
    input: { data: input, dims: [groups, rank, ...inputDims] },
    relativeError: rank < Math.min(rows, columns) ? projectionError(sumOfSquares(kernel.data), captured) : 0,
  };
}

/** [g, t, k…, R] as [g, t, R, k…]. */
function rankSecond(array: NdArray): NdArray {
  const last = array.dims.length - 1;
  return permuteAxes(array, [0, 1, last, ...array.dims.slice(2, last).map((_, axis) => axis + 2)]);
}

/** Moves √σ from each row of the rest into the matching column of the basis. A zero row stays as it is. */
function balance({ basis, rest }: RowProjection, rank: number): RowProjection {
  const columns = rest.length / rank;
  const scales = new Float64Array(rank);
  for (let r = 0; r < rank; r++) {
    let sum = 0;
    for (let j = r * columns; j < (r + 1) * columns; j++) sum += rest[j]! * rest[j]!;
    scales[r] = sum > 0 ? sum ** 0.25 : 1;
  }
  return {
    basis: basis.map((value, at) => value * scales[at % rank]!),
    rest: rest.map((value, at) => value / scales[Math.floor(at / columns)]!),
  };
}

function transposed(data: Float64Array, rows: number, columns: number): Float64Array {
  return permuteAxes({ data, dims: [rows, columns] }, [1, 0]).data;
}
