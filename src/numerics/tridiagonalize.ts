import type { Blas } from './blas.ts';
import { reduceByPanels } from './reduce-by-panels.ts';
import { reduceBySweeps } from './reduce-by-sweeps.ts';

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

/** Size up to which sweeps over the triangle are faster than panels: it fits into the second-level cache. */
const SWEEPS = 640;

/**
 * Householder's reduction to tridiagonal form, from the last row upwards: by panels while the part that is left is
 * large, by sweeps from there on. A worker thread per eigenproblem was considered and left out: the products inside
 * would need a Blas of their own in each worker.
 * @param matrix float64[n, n], symmetric; the lower triangle is read and everything overwritten
 */
export async function tridiagonalize(matrix: Float64Array, n: number, blas: Blas): Promise<Tridiagonal> {
  const reduced = { n, diagonal: new Float64Array(n), offDiagonal: new Float64Array(n), reflectors: matrix };
  const left = Math.min(n, SWEEPS);
  if (n > left) await reduceByPanels(reduced, left, blas);
  reduceBySweeps(reduced, left);
  return reduced;
}
