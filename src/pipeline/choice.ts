import type { Option } from '../allocate/index.ts';
import {
  type Candidate,
  type CandidateOffer,
  type NodeCandidates,
  type NodeOffers,
  type PlanNode,
  writtenCost,
} from '../rewrite/index.ts';
import type { TargetKind } from './goal.ts';

/** What a chain takes; undefined where its sizes are not known. */
export type Milliseconds = (
  chain: Candidate['steps'] | readonly [NonNullable<NodeCandidates['step']>],
) => number | undefined;

/** One way to treat a node; without a candidate it stays. */
export interface Choice extends Option {
  readonly candidate: Candidate | undefined;
  readonly milliseconds: number | undefined;
}

/** What costs are counted by. */
export interface Pricing {
  /** What budgets are about, in the order of an option's costs. */
  readonly kinds: readonly TargetKind[];
  readonly milliseconds: Milliseconds | undefined;
  /** Bytes of a parameter in the file. */
  readonly bytesPerParameter: number;
}

/** What an operator takes in the file beside its weights: names, attributes, dims. Corrected by the size of a sketch. */
const bytesPerOperator = 200;

/** What a way to treat a node costs, in each of the kinds. */
function costsIn(
  { kinds, bytesPerParameter }: Pricing,
  { params, macs }: Candidate['cost'],
  operators: number,
  milliseconds: number | undefined,
): readonly number[] {
  const costs: Readonly<Record<TargetKind, number>> = {
    params,
    macs,
    size: params * bytesPerParameter + operators * bytesPerOperator,
    latency: milliseconds ?? 0,
  };
  return kinds.map((kind) => costs[kind]);
}

/** Whether a candidate costs less than its node in any of the kinds; what costs as much only adds an error. */
export function savesAny(pricing: Pricing, { cost: whole, step }: NodeOffers): (offer: CandidateOffer) => boolean {
  const time = pricing.milliseconds;
  if (!whole || !step) return () => true;
  const before = costsIn(pricing, whole, 1, time?.([step]));
  return ({ cost, steps }) =>
    costsIn(pricing, cost, steps.length, time?.(steps)).some((own, k) => own < (before[k] as number));
}

/**
 * To keep the node first, unless ranks were set by hand.
 *
 * @param importance what a unit of error counts here
 */
export function choicesOf(
  node: Pick<NodeCandidates, 'cost' | 'step' | 'candidates' | 'chosen'>,
  importance: number,
  pricing: Pricing,
): readonly Choice[] {
  const time = pricing.milliseconds;
  const { cost, step, candidates, chosen } = node;
  const choice = (
    price: Candidate['cost'],
    operators: number,
    milliseconds: number | undefined,
    error: number,
    candidate: Candidate | undefined,
  ): Choice => ({
    costs: costsIn(pricing, price, operators, milliseconds),
    error: importance * error,
    candidate,
    milliseconds,
  });
  const ways = candidates.map((candidate) =>
    choice(candidate.cost, candidate.steps.length, time?.(candidate.steps), candidate.error, candidate),
  );
  if (chosen || !cost || !step) return ways;
  return [choice(cost, 1, time?.([step]), 0, undefined), ...ways];
}

export function written({ candidate, milliseconds: time }: Choice, kept: PlanNode): PlanNode['candidates'][number] {
  const milliseconds = time ?? null;
  const asItIs = kept.cost?.after ?? { params: 0, macs: null };
  if (!candidate) return { method: null, ranks: null, cost: { ...asItIs, milliseconds }, error: 0 };
  const { method, ranks, cost, error } = candidate;
  return { method, ranks: { ...ranks }, cost: { ...writtenCost(cost), milliseconds }, error };
}
