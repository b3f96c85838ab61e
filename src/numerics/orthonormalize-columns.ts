import type { Blas, RealArray } from './blas.ts';
import { cholesky } from './cholesky.ts';
import { invertLower } from './invert-lower.ts';

/** Relative diagonal of a Cholesky factor of unit columns below which they count as dependent. */
const DEPENDENT = 1e-5;

/** The same, above which one pass of Cholesky QR leaves columns that are orthonormal up to about 1e-9. */
const WELL_APART = 1e-2;

/**
 * Orthonormal columns with the span of the given ones: Cholesky QR of the columns scaled to norm 1, a second time where
 * one pass would leave more than about 1e-9 or `passes` asks for it (Yamamoto et al. 2015). The scales are taken from the
 * diagonal of the Gram matrix and go into the triangular factor. undefined where the columns are too dependent for it.
 */
export async function orthonormalizeColumns(
  columns: RealArray,
  n: number,
  rank: number,
  blas: Blas,
  passes: 1 | 2 = 2,
): Promise<Float64Array | undefined> {
  let basis: RealArray = columns;
  for (let pending: number = passes; ; ) {
    const gram = await blas.gemm64({ m: rank, n: rank, k: n, a: basis, b: basis, transA: true });
    const scales = scaleToUnitDiagonal(gram, rank);
    if (!scales) return undefined;
    const { lower, jitter } = cholesky(gram, rank);
    let least = 1;
    for (let i = 0; i < rank; i++) least = Math.min(least, lower[i * rank + i]!);
    if (jitter > 0 || least < DEPENDENT) return undefined;
    const inverse = invertLower(lower, rank);
    for (let i = 0; i < rank; i++) for (let j = 0; j <= i; j++) inverse[i * rank + j]! *= scales[j]!;
    const result = await blas.gemm64({ m: n, n: rank, k: rank, a: basis, b: inverse, transB: true });
    pending = least < WELL_APART ? Math.max(1, pending - 1) : pending - 1;
    if (pending === 0) return result;
    basis = result;
  }
}

/** gram[i,j]·s[i]·s[j] in place, with s = 1/√diagonal, which is returned; undefined where that is zero or not finite. */
function scaleToUnitDiagonal(gram: Float64Array, n: number): Float64Array | undefined {
  const scales = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const scale = 1 / Math.sqrt(gram[i * n + i]!);
    if (!(scale > 0 && scale < Infinity)) return undefined;
    scales[i] = scale;
  }
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < n; j++, at++) gram[at]! *= scales[i]! * scales[j]!;
  return scales;
}
