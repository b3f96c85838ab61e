import type { Blas } from './blas.ts';
import { blockedCholesky, blockedSolveLower } from './blocked-cholesky.ts';

/** B = M·B′ with orthonormal rows in B′. Ŵ = F·B = (F·M)·B′. */
export interface Gauge {
  /** B′, float64[R, n]. */
  readonly basis: Float64Array;
  /** M, float64[R, R], lower triangular. */
  readonly mixing: Float64Array;
}

/** Orthonormal rows by Cholesky of their Gram matrix: M is L, so that rows that hardly moved hardly turn. */
export async function orthonormalGauge(rows: Float64Array, rank: number, blas: Blas): Promise<Gauge> {
  const n = rows.length / rank;
  const gram = await blas.gemm64({ m: rank, n: rank, k: n, a: rows, b: rows, transB: true });
  const factor = await blockedCholesky(gram, rank, blas);
  return { basis: await blockedSolveLower(factor, rows, n, blas), mixing: factor.lower };
}

/** Rows of length one; rows of zeros stay. */
export function unitRows(rows: Float64Array, rank: number): Float64Array {
  const n = rows.length / rank;
  const lengths = new Float64Array(rank);
  for (let i = 0; i < rows.length; i++) lengths[Math.floor(i / n)]! += rows[i]! ** 2;
  return rows.map((value, i) => (value === 0 ? 0 : value / Math.sqrt(lengths[Math.floor(i / n)]!)));
}
