import { reflect } from './reflect.ts';
import type { Tridiagonal } from './tridiagonalize.ts';

/**
 * Householder's reduction of the leading `size` rows, last row first (Martin, Reinsch & Wilkinson, tred1, 1968). The
 * rank-2 update of one step and the matrix-vector product of the next are one sweep over the lower triangle, two rows at
 * a time. While the triangle fits into the cache nothing is faster; at n = 256 panels take twice as long.
 */
export function reduceBySweeps({ n, diagonal, offDiagonal, reflectors: matrix }: Tridiagonal, size: number): void {
  const v = new Float64Array(size);
  const w = new Float64Array(size);
  const next = new Float64Array(size);
  const product = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    const row = matrix.subarray(i * n, i * n + i + 1);
    addRankTwo(row, v, w, v[i]!, w[i]!);
    diagonal[i] = row[i]!;
    if (i === 0) break;
    offDiagonal[i] = reflect(row, i, next);
    updateAndMultiply(matrix, n, i, v, w, next, product);
    row.set(next.subarray(0, i));
    completeUpdate(product, next, i);
    v.set(next.subarray(0, i));
    w.set(product.subarray(0, i));
  }
}

/** row −= vᵢ·w + wᵢ·v over the length of the row. */
function addRankTwo(row: Float64Array, v: Float64Array, w: Float64Array, vi: number, wi: number) {
  for (let c = 0; c < row.length; c++) row[c]! -= vi * w[c]! + wi * v[c]!;
}

/** w = p − ½(pᵀv)·v, in place of p. */
function completeUpdate(product: Float64Array, v: Float64Array, length: number) {
  let half = 0;
  for (let c = 0; c < length; c++) half += product[c]! * v[c]!;
  half /= 2;
  for (let c = 0; c < length; c++) product[c]! -= half * v[c]!;
}

/** A −= v·wᵀ + w·vᵀ on the leading length × length triangle and p = A·x with the updated A, in one sweep. */
function updateAndMultiply(
  matrix: Float64Array,
  n: number,
  length: number,
  v: Float64Array,
  w: Float64Array,
  x: Float64Array,
  p: Float64Array,
) {
  p.fill(0, 0, length);
  let r = 0;
  for (; r + 1 < length; r += 2) {
    const upper = r * n;
    const lower = upper + n;
    const v0 = v[r]!;
    const w0 = w[r]!;
    const x0 = x[r]!;
    const v1 = v[r + 1]!;
    const w1 = w[r + 1]!;
    const x1 = x[r + 1]!;
    let p0 = 0;
    let p1 = 0;
    for (let c = 0; c < r; c++) {
      const vc = v[c]!;
      const wc = w[c]!;
      const xc = x[c]!;
      const a0 = matrix[upper + c]! - v0 * wc - w0 * vc;
      const a1 = matrix[lower + c]! - v1 * wc - w1 * vc;
      matrix[upper + c] = a0;
      matrix[lower + c] = a1;
      p0 += a0 * xc;
      p1 += a1 * xc;
      p[c]! += a0 * x0 + a1 * x1;
    }
    const a00 = matrix[upper + r]! - 2 * v0 * w0;
    const a10 = matrix[lower + r]! - v1 * w0 - w1 * v0;
    const a11 = matrix[lower + r + 1]! - 2 * v1 * w1;
    matrix[upper + r] = a00;
    matrix[lower + r] = a10;
    matrix[lower + r + 1] = a11;
    p[r]! += p0 + a00 * x0 + a10 * x1;
    p[r + 1]! += p1 + a10 * x0 + a11 * x1;
  }
  if (r < length) finishLastRow(matrix, n, r, v, w, x, p);
}

/** The odd row of `updateAndMultiply`. */
function finishLastRow(
  matrix: Float64Array,
  n: number,
  r: number,
  v: Float64Array,
  w: Float64Array,
  x: Float64Array,
  p: Float64Array,
) {
  let sum = 0;
  for (let c = 0; c < r; c++) {
    const a = matrix[r * n + c]! - v[r]! * w[c]! - w[r]! * v[c]!;
    matrix[r * n + c] = a;
    sum += a * x[c]!;
    p[c]! += a * x[r]!;
  }
  const a = matrix[r * n + r]! - 2 * v[r]! * w[r]!;
  matrix[r * n + r] = a;
  p[r]! += sum + a * x[r]!;
}
