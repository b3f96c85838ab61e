import type { Blas } from './blas.ts';
import { frobeniusNorm } from './frobenius-norm.ts';
import { gramMatrix } from './gram-matrix.ts';
import { jacobiRows } from './jacobi-rows.ts';
import type { RealNdArray } from './nd-array.ts';
import { plainBlas } from './plain-blas.ts';
import { symmetricEigen } from './symmetric-eigen.ts';
import { transpose } from './transpose.ts';

/** A = U·diag(s)·Vᵀ with l = min(m, n). */
export interface ThinSvd {
  /** float64[m, l], orthonormal columns. */
  readonly u: Float64Array;
  /** float64[l], largest first. */
  readonly s: Float64Array;
  /** float64[n, l], orthonormal columns. */
  readonly v: Float64Array;
}

/** Up to this short side the one-sided Jacobi method is fast enough to give singular values all their digits. */
const SMALL = 64;

/**
 * All min(m, n) singular values of a matrix, largest first. With a short side up to 64 each is accurate to 1e-13 of the
 * largest at least. Beyond, they are the roots of the Gram matrix's eigenvalues: σᵢ has an error of about ε·σ₁²/σᵢ, so
 * 1e-12 of the largest at σᵢ = 1e-4·σ₁, and what lies below 1e-8·σ₁ is rounding error.
 * @param matrix float32 or float64[m, n]
 */
export async function singularValues(matrix: RealNdArray, blas: Blas = plainBlas): Promise<Float64Array> {
  const { m, n } = shapeOf(matrix);
  const l = Math.min(m, n);
  if (l <= SMALL) return (await thinSvd(matrix, blas)).s;
  const { values } = await symmetricEigen(await gramMatrix(matrix, m <= n ? 0 : 1, blas), l, { blas });
  return values.map((value) => Math.sqrt(Math.max(0, value)));
}

/**
 * The thin singular value decomposition: eigenvectors of the Gram matrix on the short side, applied to the matrix, leave
 * rows that are almost orthogonal; the one-sided Jacobi method finishes them in two or three sweeps and gives back the
 * digits that the Gram matrix lost. ‖A − U·diag(s)·Vᵀ‖ and the deviation from orthonormality are small multiples of ε.
 * Columns of `u` have their largest entry positive.
 * @param matrix float32 or float64[m, n]
 */
export async function thinSvd(matrix: RealNdArray, blas: Blas = plainBlas): Promise<ThinSvd> {
  const { m, n } = shapeOf(matrix);
  if (m > n) {
    const { u, s, v } = await thinSvd({ data: transpose(matrix.data, m, n), dims: [n, m] }, blas);
    return { u: v, s, v: u };
  }
  const gram = await gramMatrix(matrix, 0, blas);
  const { vectors } = await symmetricEigen(gram, m, { vectors: 'all', blas });
  const rows = await blas.gemm64({ m, n, k: m, a: vectors, b: matrix.data, transA: true });
  const left = Float64Array.from(transpose(vectors, m, m));
  jacobiRows(rows, left, m);
  return sortedTriplets(rows, left, m, n);
}

function shapeOf({ data, dims }: RealNdArray): { m: number; n: number } {
  const [m, n] = dims;
  if (m === undefined || n === undefined || dims.length !== 2 || data.length !== m * n) {
    throw new RangeError(`a matrix has two dims; got [${dims.join(', ')}] with ${data.length} numbers`);
  }
  return { m, n };
}

/** From orthogonal rows s·vᵀ and rows uᵀ to columns, by falling s; a row of zeros gets a v that completes the others. */
function sortedTriplets(rows: Float64Array, left: Float64Array, m: number, n: number): ThinSvd {
  const norms = Float64Array.from({ length: m }, (_, i) => frobeniusNorm(sliceOf(rows, i, n)));
  const order = Array.from(norms.keys()).sort((a, b) => norms[b]! - norms[a]!);
  const right = new Float64Array(m * n);
  const sortedLeft = new Float64Array(m * m);
  const floor = norms[order[0]!]! * Number.EPSILON;
  order.forEach((from, to) => {
    const norm = norms[from]!;
    sortedLeft.set(sliceOf(left, from, m), to * m);
    if (norm > floor)
      right.set(
        sliceOf(rows, from, n).map((x) => x / norm),
        to * n,
      );
    else complete(right, to, n);
  });
  const s = Float64Array.from(order, (from) => norms[from]!);
  return { u: transpose(sortedLeft, m, m), s, v: transpose(right, m, n) };
}

function sliceOf(data: Float64Array, row: number, width: number): Float64Array {
  return data.subarray(row * width, (row + 1) * width);
}

/** Row `at` becomes a unit vector orthogonal to the rows before it: the axis furthest from their span, projected. */
function complete(rows: Float64Array, at: number, n: number) {
  const row = sliceOf(rows, at, n);
  const covered = new Float64Array(n);
  for (let r = 0; r < at; r++) for (let c = 0; c < n; c++) covered[c]! += rows[r * n + c]! ** 2;
  row[covered.indexOf(covered.reduce((least, x) => Math.min(least, x), Infinity))] = 1;
  for (let pass = 0; pass < 2; pass++) {
    for (let r = 0; r < at; r++) {
      let product = 0;
      for (let c = 0; c < n; c++) product += row[c]! * rows[r * n + c]!;
      for (let c = 0; c < n; c++) row[c]! -= product * rows[r * n + c]!;
    }
    const norm = frobeniusNorm(row);
    for (let c = 0; c < n; c++) row[c]! /= norm;
  }
}
