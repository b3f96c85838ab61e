import type { RealArray } from './blas.ts';

/**
 * What a fit is measured with when the inputs are known: for each group of a kernel W[g, t, s, k1 … kd] a quadratic form
 * over its columns p = (s, k1 … kd). A fit minimises Σ_g tr((Ŵ_g − W_g) G_g (Ŵ_g − W_g)ᵀ): with G = E[x xᵀ] of the
 * input patches x that is the squared error of the outputs. No metric means G = I.
 */
export interface KernelMetric {
  /** G of each group, [P, P] with P = S·K, s slowest: symmetric, positive definite. */
  readonly grams: readonly RealArray[];
}
