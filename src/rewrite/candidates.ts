import type { Gone } from '../channels/index.ts';
import type { Cost, Ranks } from '../pass/index.ts';
import type { LoweredStep } from './lowering.ts';
import type { OperatorStep } from './operator-step.ts';
import type { PlanNode, PrunedGroup } from './plan.ts';
import type { GroupLevels } from './prune-levels.ts';

/** One way to factorize a node. */
export interface Candidate {
  readonly method: string;
  readonly ranks: Ranks;
  readonly cost: Cost;
  /** The operators that would take the node's place. */
  readonly steps: readonly LoweredStep[];
  /**
   * What the fit is expected to lose, squared and relative: E‖ŷ−y‖²/Σvar(y) on the original's inputs with calibration,
   * otherwise ‖Ŵ−W‖²/‖W‖². It never rises with the ranks of a method.
   */
  readonly error: number;
}

/** What could become of one node. */
export interface NodeCandidates {
  /** Its entry in a plan that keeps it; with a reason where nothing else can be done. */
  readonly kept: PlanNode;
  /** Of the node as it stands; undefined where it is not seen as a linear operator. */
  readonly cost: Cost | undefined;
  readonly step: OperatorStep | undefined;
  readonly candidates: readonly Candidate[];
  /** Whether ranks were set by hand: the one candidate is the user's choice, and keeping the node is none. */
  readonly chosen: boolean;
  /** The same node without some of its channels, at these of its candidates; undefined where it cannot be. */
  without(gone: Gone, kept: readonly Candidate[]): NodeWays | undefined;
}

/** What a node costs as it stands, and what could take its place. */
export interface NodeWays {
  readonly cost: Cost;
  readonly step: OperatorStep;
  readonly candidates: readonly Candidate[];
}

export interface FoundCandidates {
  /** Filters that go whatever else is chosen. */
  readonly pruned: readonly PrunedGroup[];
  /** One entry per Conv, ConvTranspose, Gemm and MatMul, in file order. */
  readonly nodes: readonly NodeCandidates[];
  /** Filters that may go beside; none without data, or where the pipeline has no pass for them. */
  readonly groups: readonly GroupLevels[];
}

/** One way to factorize a node of which no error is known yet. */
export type CandidateOffer = Omit<Candidate, 'error'>;

/** What could become of one node, before anything is fitted. */
export interface NodeOffers extends Pick<NodeCandidates, 'cost' | 'step' | 'chosen'> {
  readonly name: string;
  readonly offers: readonly CandidateOffer[];
}

/** For each node, whether one of its offers is to become a candidate. */
export type WantedOf = (node: NodeOffers) => (offer: CandidateOffer) => boolean;

/** What could become of all nodes, before anything is fitted: what is not worth a fit can be left out. */
export interface CandidateOffers {
  /** Filters that go whatever else is chosen. */
  readonly pruned: readonly PrunedGroup[];
  /** One entry per Conv, ConvTranspose, Gemm and MatMul, in file order. */
  readonly nodes: readonly NodeOffers[];
  /**
   * Errors of the offers, and how many filters could go beside.
   *
   * @param wantedOf all by default; ranks that were set by hand in any case
   */
  estimate(wantedOf?: WantedOf): Promise<FoundCandidates>;
}
