/**
 * A = Q·T·Qᵀ with T tridiagonal and Q = H_{n-1}···H_2·H_1, H_i = I − v_i·v_iᵀ (‖v_i‖² = 2, or v_i = 0).
 */
export interface Tridiagonal {
  readonly n: number;
  /** float64[n]: T[i, i]. */
  readonly diagonal: Float64Array;
  /** float64[n]: T[i, i-1] at i; entry 0 is 0. */
  readonly offDiagonal: Float64Array;
  /** float64[n, n]: row i holds v_i in its first i entries; the rest is scratch. */
  readonly reflectors: Float64Array;
}

/**
 * Householder's reduction from the last row upwards (Martin, Reinsch & Wilkinson, tred1, 1968). The rank-2 update of
 * one step and the matrix-vector product of the next are one sweep over the lower triangle, two rows at a time: memory
 * is read and written once a step, which is what limits this loop.
 * @param matrix float64[n, n], symmetric; overwritten
 */
export function tridiagonalize(matrix: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  const next = new Float64Array(n);
  const product = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
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
  return { n, diagonal, offDiagonal, reflectors: matrix };
}

/** row −= vᵢ·w + wᵢ·v over the length of the row. */
function addRankTwo(row: Float64Array, v: Float64Array, w: Float64Array, vi: number, wi: number) {
  for (let c = 0; c < row.length; c++) row[c]! -= vi * w[c]! + wi * v[c]!;
}

/**
 * The reflector that maps the first `length` entries of `row` on a multiple of the last unit vector.
 * @param reflector receives v with ‖v‖² = 2, or zeros when there is nothing to eliminate
 * @returns the multiple: the off-diagonal entry of T
 */
export function reflect(row: Float64Array, length: number, reflector: Float64Array): number {
  const last = length - 1;
  const alpha = row[last]!;
  let rest = 0;
  for (let c = 0; c < last; c++) rest += row[c]! * row[c]!;
  if (rest === 0) {
    reflector.fill(0, 0, length);
    return alpha;
  }
  const beta = alpha > 0 ? -Math.sqrt(alpha * alpha + rest) : Math.sqrt(alpha * alpha + rest);
  const head = alpha - beta;
  // ‖x − βe‖² = rest + (α − β)² = −2β(α − β): a scale that makes it 2.
  const scale = 1 / Math.sqrt(-beta * head);
  for (let c = 0; c < last; c++) reflector[c] = row[c]! * scale;
  reflector[last] = head * scale;
  return beta;
}

/** w = p − ½(pᵀv)·v, in place of p. */
export function completeUpdate(product: Float64Array, v: Float64Array, length: number) {
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
