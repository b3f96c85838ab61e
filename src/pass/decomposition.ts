import type { FactorSpec, Fit, RealNdArray, TensorNetwork } from '../numerics/index.ts';
import type { FitContext } from './context.ts';
import type { LinearOperator } from './linear-operator.ts';

export type Ranks = Readonly<Record<string, number>>;

/** One free rank of a decomposition. */
export interface RankAxis {
  /** Index name in the network, and the key in plans: 'R3', 'R'. */
  readonly name: string;
  /** Largest useful value; at the maxima of all axes the decomposition is exact. */
  readonly max: number;
  /**
   * The kernel unfolded with these indices as rows (per group): its singular values govern this rank. Several
   * unfoldings (cp) mean: the largest of what each asks for.
   */
  readonly unfoldings: readonly (readonly string[])[];
}

/**
 * One operator of the replacement, as data. Channels flow through the chain as an ordered list of indices, starting
 * with (g, s) and ending with (g, t). A step reads the channels that the step before it left and leaves `to`: indices
 * that both lists begin with are the step's groups, the factor's entries its weight, and `spatial` the kernel's spatial
 * indices that this step covers; along those it carries kernel size, stride, pads and dilation, along the others it is 1.
 * A group index that the factor lacks repeats the weight (tensor ring). So
 *
 *     [{ factor: 'B', to: ['g', 'R'] }, { factor: 'K', to: ['g', 'R'], spatial: ['k1', 'k2'] }, { factor: 'A', to: ['g', 't'] }]
 *
 * is cp's 1×1 → depthwise k×k → 1×1. Costs, ONNX nodes and the place of the bias (the last step) follow from it.
 */
export interface ChainStep {
  readonly factor: string;
  readonly to: readonly string[];
  readonly spatial?: readonly string[];
}

/** What a method makes of one operator: all that is not common to all methods. */
export interface Decomposition {
  readonly axes: readonly RankAxis[];
  /** Sizes of indices that are neither the kernel's (g, t, s, k1 … kd) nor ranks. */
  readonly sizes?: Readonly<Record<string, number>>;
  readonly factors: readonly FactorSpec[];
  readonly chain: readonly ChainStep[];
  /** The largest admissible ranks that do not exceed `ranks`: R3 ≤ min(S, R4·K) … Identity by default. */
  clamp?(ranks: Ranks): Ranks;
  /**
   * @param kernel W[g, t, s, k1 … kd] in the model's precision, float16 and bfloat16 widened; with `context.metric` the
   * float64 kernel that fits the wanted outputs best
   */
  fit(kernel: RealNdArray, ranks: Ranks, context: FitContext): Promise<Fit>;
  /** What fits at many ranks come to, for about the cost of one; without this member a few fits are made to tell. */
  errors?(kernel: RealNdArray, ranks: readonly Ranks[], context: FitContext): Promise<ErrorCurve>;
}

/** Errors of a method over its ranks. */
export interface ErrorCurve {
  /** `relativeError` at each of the ranks. */
  readonly errors: readonly number[];
  /** Whether they tell of each other only: a fit is made then to say how far off all of them are. */
  readonly shapeOnly: boolean;
}

/** Index names of a kernel: g, t, s, k1 … kd. */
export function kernelIndices(operator: LinearOperator): readonly string[] {
  return ['g', 't', 's', ...operator.kernelShape.map((_, axis) => `k${axis + 1}`)];
}

/** Dims of a kernel: [groups, outputs, inputs, ...kernelShape]. */
export function kernelDims(operator: LinearOperator): readonly number[] {
  return [operator.groups, operator.outputs, operator.inputs, ...operator.kernelShape];
}

/** The decomposition at given ranks as a tensor network whose contraction is the kernel. */
export function networkAt(operator: LinearOperator, decomposition: Decomposition, ranks: Ranks): TensorNetwork {
  const output = kernelIndices(operator);
  const dims = kernelDims(operator);
  const kernelSizes = Object.fromEntries(output.map((index, mode) => [index, dims[mode] ?? 1]));
  return { sizes: { ...kernelSizes, ...decomposition.sizes, ...ranks }, factors: decomposition.factors, output };
}
