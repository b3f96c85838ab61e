import type { Blas } from './blas.ts';
import { cholesky } from './cholesky.ts';
import { columnNorms } from './column-norms.ts';
import { invertLower } from './invert-lower.ts';
import { leadingVectors } from './row-basis.ts';

/** Up to this size exact eigenvectors cost about as much as a few products with their orthonormalization. */
const EXACT_SIZE = 128;

/** Products with G that one improvement is worth: beyond, another sweep gains more. */
const DEGREE = 4;

/**
 * How far a filter may spread its columns. Beyond 1/√ε the weakest would keep nothing of their own next to the rounding
 * error of the strongest.
 */
const LARGEST_SPREAD = 1e6;

/** Relative diagonal of a Cholesky factor of unit columns below which they count as dependent. */
const DEPENDENT = 1e-5;

/**
 * A basis that captures more of a Gram matrix than the given one: with tr(BᵀGB) as measure, at least as good as one step
 * of orthogonal iteration in almost every case, and the leading eigenvectors where n is small.
 *
 * Chebyshev-filtered subspace iteration (Zhou, Saad, Tiago & Chelikowsky 2006) from the basis at hand:
 * T_d, the Chebyshev polynomial of the interval [0, mean of what the basis leaves], is applied to its columns.
 * Directions inside the interval are damped, those beyond grow the faster the larger they are. Every eigenvalue left out
 * at the optimum has a mean below the smallest one kept, so the interval never reaches what is wanted.
 *
 * @param gram float64[n, n], positive semidefinite
 * @param basis float64[n, rank], orthonormal columns
 */
export async function improveBasis(
  gram: Float64Array,
  n: number,
  basis: Float64Array,
  blas: Blas,
): Promise<Float64Array> {
  const rank = basis.length / n;
  if (n <= EXACT_SIZE) return leadingVectors(gram, n, rank, blas);
  let improved: Float64Array | undefined = basis;
  for (let spent = 0; spent < DEGREE && improved; ) {
    const { columns, degree } = await filter(gram, n, improved, DEGREE - spent, blas);
    improved = await orthonormalize(columns, n, rank, blas);
    spent += degree;
  }
  return improved ?? leadingVectors(gram, n, rank, blas);
}

interface Filtered {
  /** T_d(G)·B, not orthonormal. */
  readonly columns: Float64Array;
  readonly degree: number;
}

/** One filter of at most the given degree; 1, plain G·B, where the spectrum is steep or nothing is left. */
async function filter(gram: Float64Array, n: number, basis: Float64Array, most: number, blas: Blas): Promise<Filtered> {
  const rank = basis.length / n;
  const apply = (b: Float64Array): Promise<Float64Array> => blas.gemm64({ m: n, n: rank, k: n, a: gram, b });
  const image = await apply(basis);
  const left = (trace(gram, n) - dot(image, basis)) / (n - rank);
  const degree = Math.min(most, filterDegree(image, rank, left));
  if (degree < 2) return { columns: image, degree: 1 };
  const half = left / 2;
  let [before, current] = [basis, image.map((value, i) => (value - half * basis[i]!) / half)];
  for (let d = 2; d <= degree; d++) {
    const product = await apply(current);
    const last = before;
    before = current;
    current = product.map((value, i) => (2 * (value - half * before[i]!)) / half - last[i]!);
  }
  return { columns: current, degree };
}

/** The degree at which the strongest column outgrows the weakest by LARGEST_SPREAD. */
function filterDegree(image: Float64Array, rank: number, left: number): number {
  if (!(left > 0)) return 1;
  const norms = columnNorms(image, rank);
  const growth = Math.max(2, (4 * Math.max(...norms)) / left);
  const weakest = Math.max(1, (4 * Math.min(...norms)) / left - 2);
  return Math.floor(Math.log(LARGEST_SPREAD) / Math.log(growth / weakest));
}

/**
 * The extrapolation B + reach·(B − A), orthonormal again, after A's columns have been rotated towards B's: bases of a
 * subspace differ by a rotation that means nothing. undefined where the result degenerates.
 */
export async function extrapolateBasis(
  before: Float64Array,
  basis: Float64Array,
  n: number,
  reach: number,
  blas: Blas,
): Promise<Float64Array | undefined> {
  const rank = basis.length / n;
  const overlap = await blas.gemm64({ m: rank, n: rank, k: n, a: before, b: basis, transA: true });
  const aligned = await blas.gemm64({ m: n, n: rank, k: rank, a: before, b: overlap });
  const far = basis.map((value, i) => value + reach * (value - aligned[i]!));
  return orthonormalize(far, n, rank, blas);
}

/**
 * Orthonormal columns with the span of the given ones: Cholesky QR, twice (Yamamoto et al. 2015), after scaling to unit
 * columns. undefined where the columns are too dependent for it.
 */
async function orthonormalize(
  columns: Float64Array,
  n: number,
  rank: number,
  blas: Blas,
): Promise<Float64Array | undefined> {
  const norms = columnNorms(columns, rank);
  if (!norms.every((norm) => norm > 0 && Number.isFinite(norm))) return undefined;
  let basis: Float64Array = columns.slice();
  for (let i = 0, at = 0; i < n; i++) for (let r = 0; r < rank; r++, at++) basis[at]! /= norms[r]!;
  for (let pass = 0; pass < 2; pass++) {
    const gram = await blas.gemm64({ m: rank, n: rank, k: n, a: basis, b: basis, transA: true });
    const { lower, jitter } = cholesky(gram, rank);
    if (jitter > 0) return undefined;
    for (let i = 0; i < rank; i++) if (lower[i * rank + i]! < DEPENDENT) return undefined;
    basis = await blas.gemm64({ m: n, n: rank, k: rank, a: basis, b: invertLower(lower, rank), transB: true });
  }
  return basis;
}

/** tr(BᵀGB): the part of G's energy inside the span of B's orthonormal columns. */
export async function capturedEnergy(gram: Float64Array, n: number, basis: Float64Array, blas: Blas): Promise<number> {
  return dot(await blas.gemm64({ m: n, n: basis.length / n, k: n, a: gram, b: basis }), basis);
}

function trace(matrix: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += matrix[i * n + i]!;
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
