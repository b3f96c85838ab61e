import { elementCount, type NdArray } from './nd-array.ts';

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

/** Values of a network's factors by name. */
export type Factors = Readonly<Record<string, NdArray>>;

/** Factors found for a tensor W, and how near their contraction Ŵ comes to it. */
export interface Fit {
  readonly factors: Factors;
  /**
   * ‖Ŵ−W‖/‖W‖ in the norm of the fit: Frobenius, or ‖X‖² = Σ tr(X_g G_g X_gᵀ) in a metric. Methods with orthonormal
   * factors know it as √(‖W‖² − ‖projection‖²)/‖W‖, where cancellation leaves nothing below about 1e-8.
   */
  readonly relativeError: number;
}

/** Size of one index. Throws a RangeError when the network does not say it. */
export function indexSize(network: TensorNetwork, index: string): number {
  const size = network.sizes[index];
  if (size === undefined || !Number.isSafeInteger(size) || size < 1) {
    throw new RangeError(`index "${index}" needs a positive integer size, not ${size}`);
  }
  return size;
}

/** Sizes of several indices, in their order: the dims of an array over them. */
export function indexSizes(network: TensorNetwork, indices: readonly string[]): number[] {
  return indices.map((index) => indexSize(network, index));
}

/** Number of values that the factors hold together. */
export function parameterCount(network: TensorNetwork): number {
  return network.factors.reduce((sum, factor) => sum + elementCount(indexSizes(network, factor.indices)), 0);
}

/**
 * Throws a RangeError unless the network is well formed: factor names unique, no index twice in one factor or in the
 * output, every size a positive integer, every output index in some factor.
 */
export function checkNetwork(network: TensorNetwork): void {
  checkUnique(
    network.factors.map((factor) => factor.name),
    'factor names',
  );
  for (const { name, indices } of network.factors) {
    checkUnique(indices, `indices of factor ${name}`);
    indexSizes(network, indices);
  }
  checkUnique(network.output, 'output indices');
  for (const index of network.output) {
    if (!network.factors.some((factor) => factor.indices.includes(index))) {
      throw new RangeError(`output index "${index}" stands in no factor`);
    }
  }
}

/** Throws a RangeError unless `factors` holds, for each factor of the network, an array of the dims it declares. */
export function checkFactors(network: TensorNetwork, factors: Factors): void {
  for (const { name, indices } of network.factors) {
    const wanted = indexSizes(network, indices);
    const value = factors[name];
    if (value === undefined) throw new RangeError(`factor ${name} is missing`);
    const matches = value.dims.length === wanted.length && wanted.every((size, axis) => value.dims[axis] === size);
    if (!matches || value.data.length !== elementCount(wanted)) {
      throw new RangeError(`factor ${name} is [${value.dims}], the network says [${wanted}] over [${indices}]`);
    }
  }
}

function checkUnique(names: readonly string[], what: string): void {
  const repeated = names.find((name, position) => names.indexOf(name) !== position);
  if (repeated !== undefined) throw new RangeError(`${what} repeat "${repeated}"`);
}
