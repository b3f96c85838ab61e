import type { Blas } from './blas.ts';

/** Rows further than this from orthonormal are beyond the reach of the iteration. */
const REACH = 0.1;
/** Deviation that is rounding error of the Gram itself. */
const DONE = 1e-14;

/**
 * The nearest orthonormal rows, by the Newton-Schulz iteration V ← V − ½(V·Vᵀ − I)·V (Björck & Bowie, 1971), which
 * squares the deviation at each step. Mixing the vectors of values λ and μ by δ = ε‖T‖/|λ − μ| disturbs their residuals
 * by δ|λ − μ| only, so eigenvectors stay eigenvectors.
 * @param rows float64[r, n], nearly orthonormal
 * @returns float64[r, n], or undefined when the rows were not nearly orthonormal
 */
export async function orthonormalizeRows(rows: Float64Array, r: number, n: number, blas: Blas) {
  let current = rows;
  for (;;) {
    const gram = await blas.gemm64({ m: r, n: r, k: n, a: current, b: current, transB: true });
    const deviation = subtractIdentity(gram, r);
    if (!(deviation < REACH)) return undefined;
    if (deviation < DONE) return current;
    const correction = await blas.gemm64({ m: r, n, k: r, a: gram, b: current });
    const next = current.slice();
    for (let i = 0; i < next.length; i++) next[i]! -= correction[i]! / 2;
    current = next;
    // The deviation left is its own square: no need to measure it again once that is rounding error.
    if (deviation * deviation < DONE) return current;
  }
}

/** gram −= I in place. @returns the largest sum of absolute values over a row (it bounds the spectral norm) */
function subtractIdentity(gram: Float64Array, r: number): number {
  let largest = 0;
  for (let i = 0; i < r; i++) {
    gram[i * r + i]! -= 1;
    let sum = 0;
    for (let j = 0; j < r; j++) sum += Math.abs(gram[i * r + j]!);
    if (Number.isNaN(sum)) return sum;
    largest = Math.max(largest, sum);
  }
  return largest;
}
