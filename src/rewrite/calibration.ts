import type { Model } from '../ir/index.ts';
import type { Factors, KeptSides, Moments } from '../numerics/index.ts';
import type { Effort, LinearOperator, Ranks } from '../pass/index.ts';

/**
 * What fits see of the data, each with the next one's part left out:
 *
 * - `bias`: weights alone, then the bias is corrected;
 * - `channels`: the metric is the covariance of the input channels, the same at every kernel position;
 * - `symmetric`: the covariance of whole patches, on inputs of the original;
 * - `asymmetric`: the same on inputs of the model rewritten so far, with the original's outputs as the target.
 */
export type FitMode = 'bias' | 'channels' | 'symmetric' | 'asymmetric';

/** One operator in both models. */
export interface OperatorPair {
  /** The node's name in plans and reports. */
  readonly name: string;
  readonly original: LinearOperator;
  readonly rewritten: LinearOperator;
  /** Channels that the rewritten one still has, by their place in the original; undefined where all are. */
  readonly kept: KeptSides | undefined;
}

export interface ObservedModels {
  readonly original: Model;
  /** The model that is rewritten between observations; the same object as `original` observes one model alone. */
  readonly rewritten: Model;
  /** Operators that may be asked for, in topological order. */
  readonly pairs: readonly OperatorPair[];
}

/** Symmetric fits, and choices before any fit, see the original only. */
export function originalAlone({ original, pairs }: ObservedModels): ObservedModels {
  return {
    original,
    rewritten: original,
    pairs: pairs.map((pair) => ({ ...pair, rewritten: pair.original, kept: undefined })),
  };
}

/** What a fit came to, for a node: factors as stored, and the bias that goes with them. */
export interface FittedNode {
  readonly method: string;
  readonly ranks: Ranks;
  readonly factors: Factors;
  /** float64[g·T], what the operator adds to each output channel; undefined where its bias stays. */
  readonly bias: Float64Array | undefined;
  readonly outputError: OutputError;
}

/** E‖ŷ−y‖²/Σvar(y), y being the outputs that were wanted of the node. */
export interface OutputError {
  /** Over the rows that it was fitted to. */
  readonly predicted: number;
  /** Over rows that the fit has not seen; null where there were too few samples to keep some back. */
  readonly measured: number | null;
}

/** What is known of one node: moments to fit to, or a fit that was made elsewhere, or why there is neither. */
export type Observed = Moments | FittedNode | { readonly unobserved: string };

/** Watches two models side by side: one as it came, and one that is being rewritten node by node. */
export interface Observer {
  /**
   * What an operator gets in the model under rewriting, and what it gives in the original: of the channels that the
   * rewritten one has, or of all that the original has. Operators are asked for in
   * order, each before it is rewritten; some may be left out.
   */
  observe(pair: OperatorPair): Promise<Observed>;
  close(): Promise<void>;
}

/** Data to fit on: what the pipeline hands in, so that rewriting knows neither files nor processes. */
export interface Calibration {
  readonly mode: FitMode;
  readonly effort: Effort;
  /** The effort of the fits whose errors candidates are to foretell: of those to this calibration by default. */
  readonly foretold?: Effort;
  open(models: ObservedModels): Promise<Observer>;
}
