import type { Blas } from './blas.ts';
import { cholesky, solveLower } from './cholesky.ts';
import { identity, leadingVectors } from './row-basis.ts';

/**
 * Up to this size the exact eigenvectors cost no more than a few products; above it, a step of orthogonal iteration is
 * far cheaper.
 */
const EXACT_SIZE = 48;

/** Diagonal of a Gram of unit columns below which they count as dependent. */
const DEPENDENT = 1e-10;

/**
 * A basis that captures at least as much of a Gram matrix G as the given one: tr(BᵀGB) never falls.
 *
 * For small n these are the leading eigenvectors. Otherwise it is one step of orthogonal iteration, B ← orth(G·B)
 * (Golub & Van Loan, 4th ed., §8.2.4): tr(BᵀGB) is convex in B for positive semidefinite G, and the step maximises its
 * linearization at B over all orthonormal matrices, up to a rotation that changes no trace.
 *
 * @param gram float64[n, n], positive semidefinite
 * @param basis float64[n, rank], orthonormal columns
 */
export async function improveBasis(gram: Float64Array, n: number, basis: Float64Array, blas: Blas) {
  const rank = basis.length / n;
  if (n <= EXACT_SIZE) return leadingVectors(gram, n, rank, blas);
  const product = await blas.gemm64({ m: n, n: rank, k: n, a: gram, b: basis });
  const once = await orthonormalize(product, n, rank, blas);
  return once ?? leadingVectors(gram, n, rank, blas);
}

/**
 * Orthonormal columns with the span of the given ones: Cholesky QR, twice (Yamamoto et al. 2015), after scaling to unit
 * columns. undefined where the columns are too dependent for it.
 */
export async function orthonormalize(
  columns: Float64Array,
  n: number,
  rank: number,
  blas: Blas,
): Promise<Float64Array | undefined> {
  let basis: Float64Array = columns.slice();
  if (!scaleToUnit(basis, n, rank)) return undefined;
  for (let pass = 0; pass < 2; pass++) {
    const gram = await blas.gemm64({ m: rank, n: rank, k: n, a: basis, b: basis, transA: true });
    const factor = cholesky(gram, rank);
    if (factor.jitter > 0) return undefined;
    for (let i = 0; i < rank; i++) if (factor.lower[i * rank + i]! ** 2 < DEPENDENT) return undefined;
    const inverse = solveLower(factor, identity(rank), rank);
    basis = await blas.gemm64({ m: n, n: rank, k: rank, a: basis, b: inverse, transB: true });
  }
  return basis;
}

/** tr(BᵀGB): the part of G's energy inside the span of B's orthonormal columns. */
export async function capturedEnergy(gram: Float64Array, n: number, basis: Float64Array, blas: Blas): Promise<number> {
  const product = await blas.gemm64({ m: n, n: basis.length / n, k: n, a: gram, b: basis });
  let sum = 0;
  for (let i = 0; i < basis.length; i++) sum += product[i]! * basis[i]!;
  return sum;
}

/** Scales every column to length one; false when a column is zero or not finite. */
function scaleToUnit(columns: Float64Array, n: number, rank: number): boolean {
  const squares = new Float64Array(rank);
  for (let i = 0; i < n; i++) for (let r = 0; r < rank; r++) squares[r]! += columns[i * rank + r]! ** 2;
  for (let r = 0; r < rank; r++) {
    const square = squares[r]!;
    if (!(square > 0) || !Number.isFinite(square)) return false;
    squares[r] = 1 / Math.sqrt(square);
  }
  for (let i = 0; i < n; i++) for (let r = 0; r < rank; r++) columns[i * rank + r]! *= squares[r]!;
  return true;
}
