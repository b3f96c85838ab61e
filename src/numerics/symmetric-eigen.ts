import { applyReflectors } from './apply-reflectors.ts';
import type { Blas } from './blas.ts';
import { orthonormalizeRows } from './orthonormalize-rows.ts';
import { plainBlas } from './plain-blas.ts';
import { transpose } from './transpose.ts';
import { tridiagonalValues } from './tridiagonal-values.ts';
import { tridiagonalVectors } from './tridiagonal-vectors.ts';
import type { Tridiagonal } from './tridiagonalize.ts';
import { tridiagonalize } from './tridiagonalize.ts';

export interface SymmetricEigen {
  /** float64[n]: every eigenvalue, largest first, however many vectors were asked for. */
  readonly values: Float64Array;
  /**
   * float64[n, r], row-major: column j is the unit eigenvector of values[j], its largest entry in magnitude positive (the
   * first of equal ones). Empty when no vectors were asked for.
   */
  readonly vectors: Float64Array;
}

export interface SymmetricEigenOptions {
  /** How many eigenvectors, those of the largest values; none by default. */
  readonly vectors?: number | 'all' | 'none';
  readonly blas?: Blas;
}

/** Up to here QL with accumulated rotations is faster than inverse iteration. */
const SMALL = 24;

/**
 * Eigenvalues and the leading eigenvectors of a symmetric matrix: Householder tridiagonalisation, implicit QL for the
 * values, inverse iteration for the vectors. ‖A·v − λ·v‖ ≤ c·n·ε·‖A‖ and ‖VᵀV − I‖ ≤ 1e-13.
 * @param matrix float64[n, n], symmetric; only the lower triangle is read, nothing is written
 * @throws RangeError when the matrix holds a NaN or an infinity
 */
export async function symmetricEigen(
  matrix: Float64Array,
  n: number,
  { vectors = 'none', blas = plainBlas }: SymmetricEigenOptions = {},
): Promise<SymmetricEigen> {
  if (matrix.length !== n * n) throw new RangeError(`symmetricEigen: ${matrix.length} numbers for ${n} × ${n}`);
  const count = vectors === 'all' ? n : vectors === 'none' ? 0 : Math.min(vectors, n);
  const { scaled, scale } = scaleToOne(matrix);
  const reduced = await tridiagonalize(scaled, n, blas);
  if (count === 0) {
    return {
      values: rescale(tridiagonalValues(reduced.diagonal, reduced.offDiagonal), scale),
      vectors: new Float64Array(),
    };
  }
  const { values, rows } = await eigenRows(reduced, count, blas);
  const columns = transpose(rows, count, n);
  await applyReflectors(reduced, columns, count, blas);
  fixSigns(columns, count);
  return { values: rescale(values, scale), vectors: columns };
}

/** Values of T and the leading `count` eigenvectors of T as rows. */
async function eigenRows({ n, diagonal, offDiagonal }: Tridiagonal, count: number, blas: Blas) {
  if (n > SMALL) {
    const values = tridiagonalValues(diagonal, offDiagonal);
    const rows = tridiagonalVectors(diagonal, offDiagonal, values.subarray(0, count));
    const orthonormal = await orthonormalizeRows(rows, count, n, blas);
    if (orthonormal) return { values, rows: orthonormal };
  }
  const all = identity(n);
  const values = tridiagonalValues(diagonal, offDiagonal, all);
  return { values, rows: all.slice(0, count * n) };
}

/** A copy divided by the power of two next to its largest entry, so that no square overflows or vanishes. */
function scaleToOne(matrix: Float64Array): { scaled: Float64Array; scale: number } {
  let largest = 0;
  for (let i = 0; i < matrix.length; i++) {
    const size = Math.abs(matrix[i]!);
    if (!(size <= largest)) largest = size;
  }
  if (!Number.isFinite(largest)) throw new RangeError('symmetricEigen: the matrix holds a NaN or an infinity');
  const scale = largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest));
  return { scaled: matrix.map((x) => x / scale), scale };
}

function rescale(values: Float64Array, scale: number): Float64Array {
  return values.map((value) => value * scale);
}

function identity(n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) result[i * n + i] = 1;
  return result;
}

/** Makes the largest entry of every column positive; the first of equal ones. */
function fixSigns(columns: Float64Array, r: number) {
  const pivots = new Float64Array(r);
  for (let at = 0; at < columns.length; at++) {
    if (Math.abs(columns[at]!) > Math.abs(pivots[at % r]!)) pivots[at % r] = columns[at]!;
  }
  for (let at = 0; at < columns.length; at++) if (pivots[at % r]! < 0) columns[at] = -columns[at]!;
}
