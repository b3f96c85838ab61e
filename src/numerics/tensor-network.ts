/**
 * A decomposition as data: a tensor as the contraction of small factors over named indices.
 *
 *   tucker-2      W[g,t,s,k] = Σ_{q,r} U[g,t,q] C[g,q,r,k] V[g,r,s]
 *   cp            W[g,t,s,k] = Σ_r     A[g,t,r] K[g,r,k]   B[g,r,s]
 *
 * An index that is not among `output` is summed. An index may stand in any number of factors (r of cp, the batch index
 * g): the contraction is a sum of products over all assignments, as in einsum.
 */
export interface FactorSpec {
  readonly name: string;
  /** Index names, one per mode, row-major. */
  readonly indices: readonly string[];
}

export interface TensorNetwork {
  /** Index name → size; ranks included. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly factors: readonly FactorSpec[];
  /** Index order of the contracted tensor. */
  readonly output: readonly string[];
}
