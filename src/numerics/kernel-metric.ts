import type { Blas, RealArray } from './blas.ts';
import { innerProduct } from './inner-product.ts';
import type { RealNdArray } from './nd-array.ts';

/**
 * What a fit is measured with when the inputs are known: for each group of a kernel W[g, t, s, k1 … kd] a quadratic form
 * over its columns p = (s, k1 … kd). A fit minimises Σ_g tr((Ŵ_g − W_g) G_g (Ŵ_g − W_g)ᵀ): with G = E[x xᵀ] of the
 * input patches x that is the squared error of the outputs. No metric means G = I.
 */
export interface KernelMetric {
  /** G of each group, [P, P] with P = S·K, s slowest: symmetric, positive definite. */
  readonly grams: readonly RealArray[];
}

/** tr(X G Xᵀ), x [rows, P]. */
export async function quadraticForm(x: Float64Array, gram: RealArray, P: number, blas: Blas): Promise<number> {
  return innerProduct(x, await blas.gemm64({ m: x.length / P, n: P, k: P, a: x, b: gram }));
}

/** √Σ_g tr(W_g G_g W_gᵀ): how large a kernel W[g, t, s, k…] is in a metric. */
export async function normInMetric({ data }: RealNdArray, { grams }: KernelMetric, blas: Blas): Promise<number> {
  const size = data.length / grams.length;
  let sum = 0;
  for (const [g, gram] of grams.entries()) {
    const part = Float64Array.from(data.subarray(g * size, (g + 1) * size));
    sum += await quadraticForm(part, gram, Math.sqrt(gram.length), blas);
  }
  return Math.sqrt(Math.max(0, sum));
}
