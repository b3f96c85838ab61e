import type { Blas } from './blas.ts';
import { solveUpper } from './blocked-cholesky.ts';
import { rankOneTerms } from './cp-start.ts';
import { inputFactor } from './fit-inputs.ts';
import type { MetricProblem } from './metric-problem.ts';
import { permuteAxes } from './permute-axes.ts';
import { leadingVectors } from './row-basis.ts';
import type { SeededRandom } from './seeded-random.ts';
import { transpose } from './transpose.ts';

/*
 * Starts treat the metric as I_K ⊗ G_S with G_S = L·Lᵀ, for which the kernel Lᵀ·W is measured as it is.
 */

/**
 * B whose rows span the input space that captures most: the R leading right singular vectors Q of the stacked slices W_k·L,
 * taken back, B = Qᵀ·L⁻¹.
 * @param kernel float64[rows, S, K]
 * @returns float64[rank, S]
 */
export async function basisStart(
  problem: MetricProblem,
  kernel: Float64Array,
  rows: number,
  rank: number,
  blas: Blas,
): Promise<Float64Array> {
  const { inputs, positions } = problem;
  const factor = await inputFactor(problem, blas);
  const stacked = permuteAxes({ data: kernel, dims: [rows, inputs, positions] }, [0, 2, 1]).data;
  const m = rows * positions;
  const white = await blas.gemm64({ m, n: inputs, k: inputs, a: stacked, b: factor.lower });
  const gram = await blas.gemm64({ m: inputs, n: inputs, k: m, a: white, b: white, transA: true });
  const vectors = await leadingVectors(gram, inputs, rank, blas);
  return transpose(await solveUpper(factor, vectors, rank, blas), inputs, rank);
}

/** A rank-one component for each r: σ·u and v. */
export interface ComponentStart {
  /** B, float64[R, S]. */
  readonly basis: Float64Array;
  /** float64[R, K]. */
  readonly spatial: Float64Array;
}

/**
 * The largest rank-one terms of the slices UᵀW: each of its rows is an S × K matrix; of the terms of the singular value
 * decompositions of all LᵀV_a the R largest give B = σ·L⁻ᵀu and K = v. What is missing is filled with normal rows. Terms of
 * the same slice stand side by side, so that blocks of neighbours share outputs.
 * @param slices V = UᵀW, float64[rows, S, K], orthonormal rows of U, largest first
 */
export async function componentStart(
  problem: MetricProblem,
  slices: Float64Array,
  rows: number,
  rank: number,
  random: SeededRandom,
  blas: Blas,
): Promise<ComponentStart> {
  const { inputs, positions } = problem;
  const factor = await inputFactor(problem, blas);
  const ordered = permuteAxes({ data: slices, dims: [rows, inputs, positions] }, [1, 0, 2]).data;
  const columns = rows * positions;
  const whole = await blas.gemm64({ m: inputs, n: columns, k: inputs, a: factor.lower, b: ordered, transA: true });
  const white = permuteAxes({ data: whole, dims: [inputs, rows, positions] }, [1, 0, 2]).data;
  const terms = [];
  for (let a = 0; a < rows; a++) {
    const slice = white.subarray(a * inputs * positions, (a + 1) * inputs * positions);
    for (const term of await rankOneTerms(slice, inputs, positions, blas)) terms.push({ ...term, slice: a });
  }
  const largest = terms
    .sort((x, y) => y.weight - x.weight)
    .slice(0, rank)
    .sort((x, y) => x.slice - y.slice || y.weight - x.weight);
  const drawn = random.normals(rank * inputs);
  const spatial = random.normals(rank * positions);
  for (const [r, { weight, input, position }] of largest.entries()) {
    for (let s = 0; s < inputs; s++) drawn[r * inputs + s] = weight * input[s]!;
    spatial.set(position, r * positions);
  }
  const basis = await solveUpper(factor, transpose(drawn, rank, inputs), rank, blas);
  return { basis: transpose(basis, inputs, rank), spatial };
}

/** The leading eigenvectors U of W·G·Wᵀ, float64[T, count], and UᵀW, float64[count, P]. */
export async function outputStart(
  kernel: Float64Array,
  image: Float64Array,
  outputs: number,
  count: number,
  blas: Blas,
): Promise<{ vectors: Float64Array; slices: Float64Array }> {
  const k = kernel.length / outputs;
  const gram = await blas.gemm64({ m: outputs, n: outputs, k, a: image, b: kernel, transB: true });
  for (let i = 0; i < outputs; i++) {
    for (let j = 0; j < i; j++) {
      gram[i * outputs + j] = (gram[i * outputs + j]! + gram[j * outputs + i]!) / 2;
      gram[j * outputs + i] = gram[i * outputs + j]!;
    }
  }
  const vectors = await leadingVectors(gram, outputs, count, blas);
  const slices = await blas.gemm64({ m: count, n: k, k: outputs, a: vectors, b: kernel, transA: true });
  return { vectors, slices };
}
