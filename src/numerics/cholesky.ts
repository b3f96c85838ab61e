import { rowProduct } from './inner-product.ts';

/** A lower triangular factor of a symmetric positive definite matrix. */
export interface CholeskyFactor {
  /** float64[n, n], row-major; zero above the diagonal. */
  readonly lower: Float64Array;
  readonly n: number;
  /** What was added to the diagonal before the factorization succeeded; 0 when nothing was needed. */
  readonly jitter: number;
}

/** Diagonal shifts tried in turn, relative to the mean diagonal. */
export const JITTERS: readonly number[] = [0, 1e-9, 1e-8, 1e-7];

/**
 * A = L·Lᵀ. A matrix that is not numerically positive definite gets `jitter`·(mean diagonal) added to its diagonal:
 * 1e-9, then 1e-8, then 1e-7; a matrix that resists all three is not a Gram matrix and a RangeError says so.
 * @param matrix float64[n, n], symmetric; only the lower triangle is read
 */
export function cholesky(matrix: Float64Array, n: number): CholeskyFactor {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += matrix[i * n + i]! / n;
  for (const relative of JITTERS) {
    const jitter = relative * mean;
    const lower = tryCholesky(matrix, n, jitter);
    if (lower) return { lower, n, jitter };
  }
  throw new RangeError(`cholesky: a ${n} × ${n} matrix is not positive definite, even with a jitter of 1e-7`);
}

/** Row-oriented factorization (Golub & Van Loan, Matrix Computations, 4th ed., §4.2): dot products of rows of L. */
function tryCholesky(matrix: Float64Array, n: number, jitter: number): Float64Array | undefined {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      lower[row + j] = (matrix[row + j]! - rowProduct(lower, row, lower, j * n, j)) / lower[j * n + j]!;
    }
    const original = matrix[row + i]! + jitter;
    const pivot = original - rowProduct(lower, row, lower, row, i);
    // A pivot that is rounding error of what was subtracted is no pivot.
    if (!(pivot > Number.EPSILON * original) || !Number.isFinite(pivot)) return undefined;
    lower[row + i] = Math.sqrt(pivot);
  }
  return lower;
}

/**
 * X with L·Lᵀ·X = B.
 * @param right float64[n, columns]
 * @returns float64[n, columns]
 */
export function choleskySolve(factor: CholeskyFactor, right: Float64Array, columns: number): Float64Array {
  return solveUpperTransposed(factor, solveLower(factor, right, columns), columns);
}

/** Y with L·Y = B. float64[n, columns]. */
export function solveLower({ lower, n }: CholeskyFactor, right: Float64Array, columns: number): Float64Array {
  const result = right.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) subtractRow(result, i, j, lower[i * n + j]!, columns);
    scaleRow(result, i, 1 / lower[i * n + i]!, columns);
  }
  return result;
}

/** X with Lᵀ·X = Y. float64[n, columns]. */
function solveUpperTransposed({ lower, n }: CholeskyFactor, right: Float64Array, columns: number): Float64Array {
  const result = right.slice();
  for (let i = n - 1; i >= 0; i--) {
    scaleRow(result, i, 1 / lower[i * n + i]!, columns);
    for (let j = 0; j < i; j++) subtractRow(result, j, i, lower[i * n + j]!, columns);
  }
  return result;
}

/** target row −= factor · source row. */
function subtractRow(data: Float64Array, target: number, source: number, factor: number, columns: number) {
  if (factor === 0) return;
  const to = target * columns;
  const from = source * columns;
  for (let c = 0; c < columns; c++) data[to + c]! -= factor * data[from + c]!;
}

function scaleRow(data: Float64Array, row: number, factor: number, columns: number) {
  for (let c = row * columns; c < (row + 1) * columns; c++) data[c]! *= factor;
}
