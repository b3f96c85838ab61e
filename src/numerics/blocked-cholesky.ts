import type { Blas } from './blas.ts';
import { JITTERS } from './cholesky.ts';
import { rowProduct } from './inner-product.ts';
import { invertLower } from './invert-lower.ts';
import { Scratch } from './scratch.ts';
import { subtract } from './subtract.ts';

/** L of a large symmetric positive definite matrix, ready for blocked solves. */
export interface BlockedCholesky {
  /** float64[n, n], row-major; zero above the diagonal. */
  readonly lower: Float64Array;
  readonly n: number;
  /** What was added to the diagonal before the factorization succeeded; 0 when nothing was needed. */
  readonly jitter: number;
  /** Inverses of the diagonal blocks, float64[b, b] each with b = BLOCK, the last one smaller. */
  readonly inverses: readonly Float64Array[];
}

/** Side of a block: the loops over a diagonal block cost n·BLOCK² / 3 in all, the products hide them from 64 on. */
const BLOCK = 96;

/**
 * A = L·Lᵀ by block columns (left-looking; Golub & Van Loan, Matrix Computations, 4th ed., §4.2.9): everything but the
 * diagonal blocks is products. Jitter as in `cholesky`; a matrix that resists it is not a Gram matrix and a RangeError
 * says so. Measured with ONNX Runtime's Gemm on one thread: n = 4608 in 1.6 s, where the loops of `cholesky` take 40 s.
 *
 * @param matrix [n, n], symmetric; only the lower triangle is read
 * @param shift added to the diagonal in any case: a ridge that need not be written into the matrix
 */
export async function blockedCholesky(
  matrix: Float32Array | Float64Array,
  n: number,
  blas: Blas,
  shift = 0,
): Promise<BlockedCholesky> {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += (matrix[i * n + i]! + shift) / n;
  for (const relative of JITTERS) {
    const factor = await tryFactor(matrix, n, shift + relative * mean, blas);
    if (factor) return { ...factor, jitter: relative * mean };
  }
  throw new RangeError(`cholesky: a ${n} × ${n} matrix is not positive definite, even with a jitter of 1e-7`);
}

async function tryFactor(matrix: Float32Array | Float64Array, n: number, shift: number, blas: Blas) {
  const lower = new Float64Array(n * n);
  const inverses: Float64Array[] = [];
  const scratch = new Scratch();
  for (let start = 0; start < n; start += BLOCK) {
    const width = Math.min(BLOCK, n - start);
    const panel = blockOf(matrix, n, start, n, start, start + width);
    const original = new Float64Array(width);
    for (let i = 0; i < width; i++) {
      panel[i * width + i]! += shift;
      original[i] = panel[i * width + i]!;
    }
    if (start > 0) {
      const left = blockOf(lower, n, start, n, 0, start, scratch.take('left', Math.ceil(n ** 2 / 4), 'float64'));
      const top = left.subarray(0, width * start);
      const product = await blas.gemm64({ m: n - start, n: width, k: start, a: left, b: top, transB: true });
      subtract(panel, product);
    }
    const diagonal = panel.subarray(0, width * width);
    if (!factorInPlace(diagonal, width, original)) return undefined;
    const inverse = invertLower(diagonal, width);
    inverses.push(inverse);
    putBlock(lower, n, diagonal, start, start, width);
    const below = n - start - width;
    if (below === 0) continue;
    const rest = panel.subarray(width * width);
    const rows = await blas.gemm64({ m: below, n: width, k: width, a: rest, b: inverse, transB: true });
    putBlock(lower, n, rows, start + width, start, width);
  }
  return { lower, n, inverses };
}

/** L of a small block in place, zeros above; false when a pivot is rounding error of what was subtracted. */
function factorInPlace(block: Float64Array, n: number, original: Float64Array): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = block[i * n + j]! - rowProduct(block, i * n, block, j * n, j);
      if (j < i) {
        block[i * n + j] = sum / block[j * n + j]!;
      } else {
        if (!(sum > Number.EPSILON * original[i]!) || !Number.isFinite(sum)) return false;
        block[i * n + i] = Math.sqrt(sum);
      }
    }
    block.fill(0, i * n + i + 1, (i + 1) * n);
  }
  return true;
}

/**
 * X with L·Lᵀ·X = B.
 * @param right float64[n, columns]
 * @returns float64[n, columns]
 */
export async function blockedSolve(
  factor: BlockedCholesky,
  right: Float64Array,
  columns: number,
  blas: Blas,
): Promise<Float64Array> {
  return solveUpper(factor, await blockedSolveLower(factor, right, columns, blas), columns, blas);
}

/** Y with L·Y = B. float64[n, columns]. */
export async function blockedSolveLower(
  { lower, n, inverses }: BlockedCholesky,
  right: Float64Array,
  columns: number,
  blas: Blas,
): Promise<Float64Array> {
  const result = right.slice();
  for (const [block, inverse] of inverses.entries()) {
    const start = block * BLOCK;
    const width = Math.min(BLOCK, n - start);
    const rows = result.subarray(start * columns, (start + width) * columns);
    if (start > 0) {
      const a = blockOf(lower, n, start, start + width, 0, start);
      const b = result.subarray(0, start * columns);
      subtract(rows, await blas.gemm64({ m: width, n: columns, k: start, a, b }));
    }
    rows.set(await blas.gemm64({ m: width, n: columns, k: width, a: inverse, b: rows }));
  }
  return result;
}

/** X with Lᵀ·X = Y. float64[n, columns]. */
export async function solveUpper(
  { lower, n, inverses }: BlockedCholesky,
  right: Float64Array,
  columns: number,
  blas: Blas,
): Promise<Float64Array> {
  const result = right.slice();
  for (let block = inverses.length - 1; block >= 0; block--) {
    const start = block * BLOCK;
    const end = Math.min(start + BLOCK, n);
    const rows = result.subarray(start * columns, end * columns);
    if (end < n) {
      const a = blockOf(lower, n, end, n, start, end);
      const b = result.subarray(end * columns);
      subtract(rows, await blas.gemm64({ m: end - start, n: columns, k: n - end, a, b, transA: true }));
    }
    const k = end - start;
    rows.set(await blas.gemm64({ m: k, n: columns, k, a: inverses[block]!, b: rows, transA: true }));
  }
  return result;
}

/**
 * (L·Lᵀ)⁻¹ = L⁻ᵀ·L⁻¹. L⁻¹ grows downwards, block row by block row, none wider than its diagonal; n³/2 multiply-accumulates
 * in all, a quarter of solves with n unit vectors.
 * @returns float64[n, n], symmetric to the bit
 */
export async function blockedInverse({ lower, n, inverses }: BlockedCholesky, blas: Blas): Promise<Float64Array> {
  const inverse = new Float64Array(n * n);
  const scratch = new Scratch();
  for (const [block, diagonal] of inverses.entries()) {
    const start = block * BLOCK;
    const width = Math.min(BLOCK, n - start);
    putBlock(inverse, n, diagonal, start, start, width);
    if (start === 0) continue;
    const left = blockOf(lower, n, start, start + width, 0, start);
    const above = blockOf(inverse, n, 0, start, 0, start, scratch.take('square', n * n, 'float64'));
    const product = await blas.gemm64({ m: width, n: start, k: start, a: left, b: above });
    const rows = await blas.gemm64({ m: width, n: start, k: width, a: diagonal, b: product });
    putBlock(
      inverse,
      n,
      rows.map((value) => -value),
      start,
      0,
      start,
    );
  }
  const result = new Float64Array(n * n);
  for (let start = 0; start < n; start += BLOCK) {
    const end = Math.min(start + BLOCK, n);
    const a = blockOf(inverse, n, start, n, start, end);
    const b = blockOf(inverse, n, start, n, 0, end, scratch.take('square', n * n, 'float64'));
    const rows = await blas.gemm64({ m: end - start, n: end, k: n - start, a, b, transA: true });
    for (let r = start; r < end; r++)
      for (let c = 0; c <= r; c++) result[r * n + c] = result[c * n + r] = rows[(r - start) * end + c]!;
  }
  return result;
}

/** Rows r0 … r1, columns c0 … c1 of an [n, n] matrix, as float64: at the beginning of `room` where there is one. */
function blockOf(
  matrix: Float32Array | Float64Array,
  n: number,
  r0: number,
  r1: number,
  c0: number,
  c1: number,
  room?: Float64Array,
): Float64Array {
  const width = c1 - c0;
  const size = (r1 - r0) * width;
  const block = room?.subarray(0, size) ?? new Float64Array(size);
  for (let r = r0; r < r1; r++) block.set(matrix.subarray(r * n + c0, r * n + c1), (r - r0) * width);
  return block;
}

function putBlock(matrix: Float64Array, n: number, block: Float64Array, row: number, column: number, width: number) {
  for (let at = 0, r = row; at < block.length; at += width, r++) {
    matrix.set(block.subarray(at, at + width), r * n + column);
  }
}
