import type { Blas } from './blas.ts';
import { type BlockedCholesky, solveUpper } from './blocked-cholesky.ts';
import { rankOneTerms, type Term } from './cp-start.ts';
import { inputFactor } from './fit-inputs.ts';
import { symmetrize } from './mean-blocks.ts';
import type { MetricProblem } from './metric-problem.ts';
import { permuteAxes } from './permute-axes.ts';
import { leadingVectors } from './row-basis.ts';
import type { SeededRandom } from './seeded-random.ts';
import { symmetricEigen } from './symmetric-eigen.ts';
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
  const { factor, gram } = await whiteInputs(problem, kernel, rows, blas);
  const vectors = await leadingVectors(gram, problem.inputs, rank, blas);
  return transpose(await solveUpper(factor, vectors, rank, blas), problem.inputs, rank);
}

/** The same, each row by itself the next direction: the leading r rows are the basis for every r. */
export async function nestedBasis(
  problem: MetricProblem,
  kernel: Float64Array,
  rank: number,
  blas: Blas,
): Promise<Float64Array> {
  const { inputs, outputs } = problem;
  const { factor, gram } = await whiteInputs(problem, kernel, outputs, blas);
  const { vectors } = await symmetricEigen(gram, inputs, { vectors: rank, blas });
  return transpose(await solveUpper(factor, vectors, rank, blas), inputs, rank);
}

/** L, and the Gram matrix of all W_k·L, float64[S, S]. */
async function whiteInputs(problem: MetricProblem, kernel: Float64Array, rows: number, blas: Blas) {
  const { inputs, positions } = problem;
  const factor = await inputFactor(problem, blas);
  const stacked = permuteAxes({ data: kernel, dims: [rows, inputs, positions] }, [0, 2, 1]).data;
  const m = rows * positions;
  const white = await blas.gemm64({ m, n: inputs, k: inputs, a: stacked, b: factor.lower });
  const gram = await blas.gemm64({ m: inputs, n: inputs, k: m, a: white, b: white, transA: true });
  return { factor, gram };
}

/** A rank-one component for each r: σ·u and v. */
export interface ComponentStart {
  /** B, float64[R, S]. */
  readonly basis: Float64Array;
  /** float64[R, K]. */
  readonly spatial: Float64Array;
}

/** A rank-one term of one slice. */
export interface SliceTerm extends Term {
  readonly slice: number;
}

/**
 * The rank-one terms of the slices V = UᵀW, largest first: each row of V is an S × K matrix, and the terms are those of the
 * singular value decompositions of all LᵀV_a.
 * @param slices float64[rows, S, K], orthonormal rows of U, largest first
 */
export async function componentTerms(
  { inputs, positions }: MetricProblem,
  factor: BlockedCholesky,
  slices: Float64Array,
  rows: number,
  blas: Blas,
): Promise<readonly SliceTerm[]> {
  const ordered = permuteAxes({ data: slices, dims: [rows, inputs, positions] }, [1, 0, 2]).data;
  const columns = rows * positions;
  const whole = await blas.gemm64({ m: inputs, n: columns, k: inputs, a: factor.lower, b: ordered, transA: true });
  const white = permuteAxes({ data: whole, dims: [inputs, rows, positions] }, [1, 0, 2]).data;
  const terms: SliceTerm[] = [];
  for (let a = 0; a < rows; a++) {
    const slice = white.subarray(a * inputs * positions, (a + 1) * inputs * positions);
    for (const term of await rankOneTerms(slice, inputs, positions, blas)) terms.push({ ...term, slice: a });
  }
  return terms.sort((x, y) => y.weight - x.weight);
}

/**
 * The R largest terms give B = σ·L⁻ᵀu and K = v. What is missing is filled with normal rows. Terms of the same slice stand
 * side by side, so that blocks of neighbours share outputs.
 */
export async function componentStart(
  { inputs, positions }: MetricProblem,
  factor: BlockedCholesky,
  terms: readonly SliceTerm[],
  rank: number,
  random: SeededRandom,
  blas: Blas,
): Promise<ComponentStart> {
  const largest = terms.slice(0, rank).sort((x, y) => x.slice - y.slice || y.weight - x.weight);
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
  const vectors = await leadingVectors(await outputGram(kernel, image, outputs, blas), outputs, count, blas);
  const slices = await blas.gemm64({ m: count, n: k, k: outputs, a: vectors, b: kernel, transA: true });
  return { vectors, slices };
}

/** W·G·Wᵀ, float64[T, T]. */
export async function outputGram(
  kernel: Float64Array,
  image: Float64Array,
  outputs: number,
  blas: Blas,
): Promise<Float64Array> {
  const k = kernel.length / outputs;
  const gram = await blas.gemm64({ m: outputs, n: outputs, k, a: image, b: kernel, transB: true });
  return symmetrize(gram, outputs);
}
