import type { Spectrum } from '../numerics/index.ts';
import type { Decomposition, Ranks } from './decomposition.ts';
import type { LinearOperator } from './linear-operator.ts';

/** Parameters (weights and bias) and multiply-accumulates. */
export interface Cost {
  readonly params: number;
  readonly macs: number;
  /** Per sample where shapes are known, otherwise per output position: ratios still hold, totals do not. */
  readonly macsUnit: 'sample' | 'position';
}

/** One method on one node, at ranks still to be chosen: everything that a rank rule may ask about it. */
export interface CandidateSpace {
  /** The node's name in plans and reports. */
  readonly name: string;
  /** Name of the factorize pass. */
  readonly pass: string;
  readonly operator: LinearOperator;
  readonly decomposition: Decomposition;
  /** Whether the node is the graph's first Conv or its last linear operator: the usual exceptions of rank rules. */
  readonly end: 'first' | 'last' | undefined;
  readonly originalCost: Cost;
  cost(ranks: Ranks): Cost;
  /** Whether these ranks satisfy the policy `--require-gain`. */
  gains(ranks: Ranks): boolean;
  /** Admissible ranks nearest below. */
  clamp(ranks: Ranks): Ranks;
  /** Singular values of the kernel unfolded with these indices as rows, one spectrum per group. */
  spectrum(rows: readonly string[]): Promise<readonly Spectrum[]>;
  /**
   * What `fitError` and the fits measure: `weights`, or `outputs` where calibration data are at hand. Spectra are always
   * those of the weights.
   */
  readonly norm: 'weights' | 'outputs';
  /**
   * Of the fit at `ranks`, which it costs. `weights`: the weightError ‖Ŵ−W‖_F/‖W‖_F. `outputs`: √outputError, the same
   * quotient in the metric of the node's inputs.
   */
  fitError(ranks: Ranks): Promise<number>;
}

export interface RankChoice {
  readonly kind: 'choice';
  readonly space: CandidateSpace;
  readonly ranks: Ranks;
}
