import type { Decomposition, Ranks } from './decomposition.ts';
import type { LinearOperator } from './linear-operator.ts';

/** Parameters (weights and bias) and multiply-accumulates per sample; `macs` is undefined where shapes are not known. */
export interface Cost {
  readonly params: number;
  readonly macs: number | undefined;
}

/** Everything that a rank rule may ask about one method on one node. */
export interface CandidateSpace {
  readonly pass: string;
  readonly operator: LinearOperator;
  readonly decomposition: Decomposition;
  /** First or last layer of the graph, by the order of linear operators: 'first' | 'last' | undefined. */
  readonly end: 'first' | 'last' | undefined;
  readonly originalCost: Cost;
  cost(ranks: Ranks): Cost;
  /** Singular values of the kernel's unfolding (rows as given), per group, descending, with the matrix' two sizes. */
  spectrum(rows: readonly string[]): Promise<readonly Spectrum[]>;
  /** ‖Ŵ−W‖_F/‖W‖_F of the fitted factors at `ranks`. Costs a fit; the result is kept for the rewrite. */
  weightError(ranks: Ranks): Promise<number>;
}

export interface Spectrum {
  readonly singularValues: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

export interface RankChoice {
  readonly kind: 'choice';
  readonly pass: string;
  readonly ranks: Ranks;
}
