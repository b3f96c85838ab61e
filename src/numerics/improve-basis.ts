import { multiply, type Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { columnNorms } from './column-norms.ts';
import { orthonormalizeColumns } from './orthonormalize-columns.ts';
import { leadingVectors } from './row-basis.ts';
import type { Scratch } from './scratch.ts';

/** Up to this size exact eigenvectors cost about as much as a few products with their orthonormalization. */
const EXACT_SIZE = 64;

/**
 * Products with G that one improvement is worth. With 4, 5, 6 and 8 HOOI takes 152, 145, 142 and 139 sweeps on ten kernels,
 * which together cost about the same; with 3 and 2 one of them ends 1.8e-6 above the others.
 */
const DEGREE = 4;

/**
 * How far a filter may spread its columns. Beyond 1/√ε the weakest would keep nothing of their own next to the rounding
 * error of the strongest.
 */
const LARGEST_SPREAD = 1e8;

/** Part of the weakest column's Rayleigh quotient up to which directions are damped: it is a little above λ_rank. */
const DAMPED = 0.9;

/** A Gram matrix that is applied to one basis after the other. */
export interface Gram {
  /** float64[n, n], positive semidefinite. */
  readonly matrix: Float64Array;
  /** The same in the precision of its products. */
  readonly applied: RealArray;
  readonly n: number;
  readonly precision: Precision;
  readonly scratch: Scratch;
}

export function appliedGram(matrix: Float64Array, n: number, precision: Precision, scratch: Scratch): Gram {
  const applied = precision === 'float64' ? matrix : scratch.take('narrow Gram', n * n, precision);
  if (applied !== matrix) applied.set(matrix);
  return { matrix, applied, n, precision, scratch };
}

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
 * @param basis [n, rank], nearly orthonormal columns
 * @param image G·basis, when it is known
 * @returns float64[n, rank], orthonormal up to 1e-9, for sweeps to come; orthonormalizeColumns makes it 1e-15
 */
export async function improveBasis(gram: Gram, basis: RealArray, blas: Blas, image?: RealArray): Promise<Float64Array> {
  const { matrix, n } = gram;
  const rank = basis.length / n;
  if (n <= EXACT_SIZE) return leadingVectors(matrix, n, rank, blas);
  let improved: RealArray | undefined = basis;
  let result: Float64Array | undefined;
  for (let spent = 0; spent < DEGREE && improved; ) {
    const at: RealArray = (spent === 0 && image) || (await applyGram(gram, improved, blas, 'image'));
    const { columns, degree } = await filter(gram, improved, at, DEGREE - spent, blas);
    result = await orthonormalizeColumns(columns, n, rank, blas, 1);
    improved = result;
    spent += degree;
  }
  return result ?? leadingVectors(matrix, n, rank, blas);
}

/** G·B, [n, rank]; in the scratch array of a name, when one is given. */
export function applyGram(gram: Gram, basis: RealArray, blas: Blas, name?: string): Promise<RealArray> {
  const { applied, n, precision, scratch } = gram;
  const room = name === undefined ? undefined : scratch.take(name, basis.length, precision);
  return multiply({ m: n, n: basis.length / n, k: n, a: applied, b: basis }, blas, precision, room);
}

interface Filtered {
  /** T_d(G)·B, not orthonormal. */
  readonly columns: RealArray;
  readonly degree: number;
}

/** One filter of at most the given degree, from B and G·B; 1, plain G·B, where the spectrum is steep or nothing is left. */
async function filter(gram: Gram, basis: RealArray, image: RealArray, most: number, blas: Blas): Promise<Filtered> {
  const { applied, n, precision, scratch } = gram;
  const rank = basis.length / n;
  const damped = dampedUpTo(applied, n, basis, image);
  const degree = Math.min(most, filterDegree(image, rank, damped));
  if (degree < 2) return { columns: image, degree: 1 };
  const half = damped / 2;
  let before = scratch.take('filter 0', basis.length, precision);
  before.set(basis);
  let current = scratch.take('filter 1', basis.length, precision);
  for (let i = 0; i < current.length; i++) current[i] = image[i]! / half - before[i]!;
  for (let d = 2; d <= degree; d++) {
    const product = await applyGram(gram, current, blas, `filter ${d % 3}`);
    continueChebyshev(product, current, before, half);
    [before, current] = [current, product];
  }
  return { columns: current, degree };
}

/** T_{d+1} = 2((G − h)/h)·T_d − T_{d−1}, in place of G·T_d. */
function continueChebyshev(product: RealArray, current: RealArray, before: RealArray, half: number): void {
  const scale = 2 / half;
  for (let i = 0; i < product.length; i++) product[i] = scale * product[i]! - 2 * current[i]! - before[i]!;
}

/** The upper end of the interval that a filter damps; 0 or less where the basis leaves nothing. */
function dampedUpTo(gram: RealArray, n: number, basis: RealArray, image: RealArray): number {
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
function filterDegree(image: RealArray, rank: number, damped: number): number {
  if (!(damped > 0)) return 1;
  let strongest = 0;
  for (const norm of columnNorms(image, rank)) strongest = Math.max(strongest, norm);
  return Math.floor(Math.log(LARGEST_SPREAD) / Math.log(Math.max(2, (4 * strongest) / damped)));
}
