import type { Blas } from './blas.ts';
import type { Tridiagonal } from './tridiagonalize.ts';

/** Reflectors applied as one product. */
const BLOCK = 64;

/**
 * From eigenvectors of T to those of A: Z ← H_{n-1}···H_2·H_1·Z in place, a block of reflectors at a time in the compact
 * form of Schreiber & Van Loan (1989): H_{b-1}···H_a = I − Vᵀ·L·V with L = (I + strictly lower part of V·Vᵀ)⁻¹.
 * @param vectors float64[n, r], one vector a column
 */
export async function applyReflectors(
  reduced: Tridiagonal,
  vectors: Float64Array,
  r: number,
  blas: Blas,
): Promise<void> {
  const { n } = reduced;
  for (let first = 1; first < n; first += BLOCK) {
    const end = Math.min(n, first + BLOCK);
    const [count, length] = [end - first, end - 1];
    const v = reflectorRows(reduced, first, end);
    const part = vectors.subarray(0, length * r);
    const gram = await blas.gemm64({ m: count, n: count, k: length, a: v, b: v, transB: true });
    const along = await blas.gemm64({ m: count, n: r, k: length, a: v, b: part });
    const weights = await blas.gemm64({ m: count, n: r, k: count, a: inverseUnitLower(gram, count), b: along });
    const change = await blas.gemm64({ m: length, n: r, k: count, a: v, b: weights, transA: true });
    for (let i = 0; i < change.length; i++) part[i]! -= change[i]!;
  }
}

/** v_first … v_end-1 as rows of float64[end − first, end − 1]. */
function reflectorRows({ reflectors, n }: Tridiagonal, first: number, end: number): Float64Array {
  const length = end - 1;
  const rows = new Float64Array((end - first) * length);
  for (let i = first; i < end; i++) rows.set(reflectors.subarray(i * n, i * n + i), (i - first) * length);
  return rows;
}

/** (I + strictly lower part of the matrix)⁻¹, unit lower triangular. */
function inverseUnitLower(matrix: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    inverse[i * n + i] = 1;
    for (let k = 0; k < i; k++) {
      const factor = matrix[i * n + k]!;
      for (let j = 0; j <= k; j++) inverse[i * n + j]! -= factor * inverse[k * n + j]!;
    }
  }
  return inverse;
}
