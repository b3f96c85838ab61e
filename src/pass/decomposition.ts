import type { NdArray } from '../numerics/nd-array.ts';
import type { FactorSpec } from '../numerics/tensor-network.ts';
import type { FitContext } from './context.ts';

export type Ranks = Readonly<Record<string, number>>;
export type Factors = Readonly<Record<string, NdArray>>;

/** One free rank of a decomposition. */
export interface RankAxis {
  /** Index name in the network, and the key in plans: 'R3', 'R'. */
  readonly name: string;
  /** Largest useful value; at the maxima of all axes the decomposition is exact. */
  readonly max: number;
  /**
   * The kernel unfolded with these output indices as rows (per group): its singular values govern this rank. Several
   * unfoldings (cp) mean: the largest of what each asks for.
   */
  readonly unfoldings: readonly (readonly string[])[];
}

/**
 * One operator of the replacement, as data. Channels flow through the chain as an ordered list of indices, starting
 * with (g, s) and ending with (g, t). A step reads the channels that the step before it left and leaves `to`:
 * indices in both lists (they come first) are the step's groups, the factor's entries its weight, and `spatial` the
 * kernel's spatial indices that this step covers; along those it carries stride, pads and dilation, along the others it
 * is 1. An index of the groups that the factor lacks repeats the weight (tensor ring). So
 *
 *   cp: [{ factor: 'B', to: ['g','r'] }, { factor: 'K', to: ['g','r'], spatial: ['k1','k2'] }, { factor: 'A', to: ['g','t'] }]
 *
 * is 1×1 → depthwise k×k → 1×1. Cost, ONNX nodes and the place of the bias (the last step) follow from it.
 */
export interface ChainStep {
  readonly factor: string;
  readonly to: readonly string[];
  readonly spatial?: readonly string[];
  /** Suffix of the node's name: `conv1/tucker-2/core`. The factor's name in lower case by default. */
  readonly label?: string;
}

/** What a method makes of one operator: everything about it that is not common to all methods. */
export interface Decomposition {
  readonly axes: readonly RankAxis[];
  /** Sizes of the indices at given ranks: kernel indices, ranks, and what the method adds. */
  sizes(ranks: Ranks): Readonly<Record<string, number>>;
  /** Factors over the kernel's indices g, t, s, k1 … kd and the method's own. */
  readonly factors: readonly FactorSpec[];
  readonly chain: readonly ChainStep[];
  /** Ranks above these bounds gain nothing or do not exist: R3 ≤ min(S, R4·K) … Returns admissible ranks ≤ `ranks`. */
  clamp?(ranks: Ranks): Ranks;
  /**
   * Factors of `kernel` (float64[g, t, s, k1 … kd]) at `ranks`.
   */
  fit(kernel: NdArray, ranks: Ranks, context: FitContext): Promise<Factors>;
}
