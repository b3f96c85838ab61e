import { applyReflectors } from './apply-reflectors.ts';
import type { Blas } from './blas.ts';
import { plainBlas } from './plain-blas.ts';
import { transpose } from './transpose.ts';
import { tridiagonalEigen } from './tridiagonal-eigen.ts';
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

/**
 * Eigenvalues and the leading eigenvectors of a symmetric matrix: Householder tridiagonalisation, implicit QL for the
 * values, inverse iteration for the vectors. ‖A·v − λ·v‖ ≤ c·n·ε·‖A‖ and ‖VᵀV − I‖ ≤ 1e-13.
 * @param matrix float64[n, n], symmetric; it is not changed
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
  const { values, rows } = await tridiagonalEigen(reduced, count, blas);
  const columns = transpose(rows, count, n);
  if (count > 0) await applyReflectors(reduced, columns, count, blas);
  fixSigns(columns, count);
  return { values: values.map((value) => value * scale), vectors: columns };
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

/** Makes the largest entry of every column positive; the first of equal ones. */
function fixSigns(columns: Float64Array, r: number) {
  const pivots = new Float64Array(r);
  for (let row = 0; row < columns.length; row += r) {
    for (let j = 0; j < r; j++) {
      if (Math.abs(columns[row + j]!) > Math.abs(pivots[j]!)) pivots[j] = columns[row + j]!;
    }
  }
  for (let row = 0; row < columns.length; row += r) {
    for (let j = 0; j < r; j++) if (pivots[j]! < 0) columns[row + j] = -columns[row + j]!;
  }
}
