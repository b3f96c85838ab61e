import type { Blas } from './blas.ts';
import { cholesky } from './cholesky.ts';
import { columnNorms } from './column-norms.ts';
import { invertLower } from './invert-lower.ts';
import { leadingVectors } from './row-basis.ts';

/** Up to this size exact eigenvectors cost about as much as a few products with their orthonormalization. */
const EXACT_SIZE = 64;

/** Products with G that one improvement is worth: beyond, another sweep gains more. */
const DEGREE = 6;

/**
 * How far a filter may spread its columns. Beyond 1/√ε the weakest would keep nothing of their own next to the rounding
 * error of the strongest.
 */
const LARGEST_SPREAD = 1e8;

/** Part of the weakest column's Rayleigh quotient up to which directions are damped: it is a little above λ_rank. */
const DAMPED = 0.9;

/** Relative diagonal of a Cholesky factor of unit columns below which they count as dependent. */
const DEPENDENT = 1e-5;

/** The same, above which one pass of Cholesky QR leaves columns that are orthonormal up to about 1e-9. */
const WELL_APART = 1e-2;

/**
 * A basis that captures more of a Gram matrix than the given one: with tr(BᵀGB) as measure, at least as good as one step
 * of orthogonal iteration in almost every case, and the leading eigenvectors where n is small.
 *
 * Chebyshev-filtered subspace iteration (Zhou, Saad, Tiago & Chelikowsky 2006) from the basis at hand: T_d, the Chebyshev
 * polynomial of an interval [0, b], is applied to its columns. Directions inside the interval are damped, those beyond
 * grow the faster the larger they are. b is the mean of what the basis leaves, or nine tenths of what its weakest column
 * captures where that is more: columns that come out of this function are close to eigenvectors. The mean alone, which
 * never reaches what is wanted, doubles the sweeps of HOOI.
 *
 * @param gram float64[n, n], positive semidefinite
 * @param basis float64[n, rank], nearly orthonormal columns
 * @returns float64[n, rank], orthonormal up to 1e-9, for sweeps to come; orthonormalize makes it 1e-15
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
    improved = await orthonormalize(columns, n, rank, blas, 1);
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
  const image = await blas.gemm64({ m: n, n: rank, k: n, a: gram, b: basis });
  const damped = dampedUpTo(gram, n, basis, image);
  const degree = Math.min(most, filterDegree(image, rank, damped));
  if (degree < 2) return { columns: image, degree: 1 };
  const half = damped / 2;
  const current = new Float64Array(image.length);
  for (let i = 0; i < current.length; i++) current[i] = image[i]! / half - basis[i]!;
  let pair: Readonly<Record<'before' | 'current', Float64Array>> = { before: basis, current };
  for (let d = 2; d <= degree; d++) {
    const product = await blas.gemm64({ m: n, n: rank, k: n, a: gram, b: pair.current });
    continueChebyshev(product, pair.current, pair.before, half);
    pair = { before: pair.current, current: product };
  }
  return { columns: pair.current, degree };
}

/** T_{d+1} = 2((G − h)/h)·T_d − T_{d−1}, in place of G·T_d. */
function continueChebyshev(product: Float64Array, current: Float64Array, before: Float64Array, half: number): void {
  const scale = 2 / half;
  for (let i = 0; i < product.length; i++) product[i] = scale * product[i]! - 2 * current[i]! - before[i]!;
}

/** The upper end of the interval that a filter damps; 0 or less where the basis leaves nothing. */
function dampedUpTo(gram: Float64Array, n: number, basis: Float64Array, image: Float64Array): number {
  const rank = basis.length / n;
  const captured = new Float64Array(rank);
  for (let at = 0; at < image.length; at += rank) {
    for (let j = 0; j < rank; j++) captured[j]! += image[at + j]! * basis[at + j]!;
  }
  let left = 0;
  for (let i = 0; i < n; i++) left += gram[i * n + i]!;
  let weakest = Infinity;
  for (let j = 0; j < rank; j++) {
    left -= captured[j]!;
    weakest = Math.min(weakest, captured[j]!);
  }
  return left > 0 ? Math.max(left / (n - rank), DAMPED * weakest) : 0;
}

/** The degree at which the strongest column outgrows the weakest by LARGEST_SPREAD. */
function filterDegree(image: Float64Array, rank: number, damped: number): number {
  if (!(damped > 0)) return 1;
  let strongest = 0;
  for (const norm of columnNorms(image, rank)) strongest = Math.max(strongest, norm);
  return Math.floor(Math.log(LARGEST_SPREAD) / Math.log(Math.max(2, (4 * strongest) / damped)));
}

/**
 * Orthonormal columns with the span of the given ones: Cholesky QR of the columns scaled to norm 1, a second time where
 * one pass would leave more than about 1e-9 or `passes` asks for it (Yamamoto et al. 2015). The scales are taken from the
 * diagonal of the Gram matrix and go into the triangular factor. undefined where the columns are too dependent for it.
 */
export async function orthonormalize(
  columns: Float64Array,
  n: number,
  rank: number,
  blas: Blas,
  passes: 1 | 2 = 2,
): Promise<Float64Array | undefined> {
  let basis = columns;
  let pending: number = passes;
  while (pending > 0) {
    const gram = await blas.gemm64({ m: rank, n: rank, k: n, a: basis, b: basis, transA: true });
    const scales = scaleToUnitDiagonal(gram, rank);
    if (!scales) return undefined;
    const { lower, jitter } = cholesky(gram, rank);
    let least = 1;
    for (let i = 0; i < rank; i++) least = Math.min(least, lower[i * rank + i]!);
    if (jitter > 0 || least < DEPENDENT) return undefined;
    const inverse = invertLower(lower, rank);
    for (let i = 0; i < rank; i++) for (let j = 0; j <= i; j++) inverse[i * rank + j]! *= scales[j]!;
    basis = await blas.gemm64({ m: n, n: rank, k: rank, a: basis, b: inverse, transB: true });
    pending = least < WELL_APART ? Math.max(1, pending - 1) : pending - 1;
  }
  return basis;
}

/** gram[i,j]·s[i]·s[j] in place, with s = 1/√diagonal, which is returned; undefined where that is zero or not finite. */
function scaleToUnitDiagonal(gram: Float64Array, n: number): Float64Array | undefined {
  const scales = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const scale = 1 / Math.sqrt(gram[i * n + i]!);
    if (!(scale > 0 && scale < Infinity)) return undefined;
    scales[i] = scale;
  }
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < n; j++, at++) gram[at]! *= scales[i]! * scales[j]!;
  return scales;
}

/** tr(BᵀGB): the part of G's energy inside the span of B's orthonormal columns. */
export async function capturedEnergy(gram: Float64Array, n: number, basis: Float64Array, blas: Blas): Promise<number> {
  return dot(await blas.gemm64({ m: n, n: basis.length / n, k: n, a: gram, b: basis }), basis);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
