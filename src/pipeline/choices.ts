import { type Allocation, allocate, type Option } from '../allocate/index.ts';
import {
  type Candidate,
  type NodeCandidates,
  type PlanNode,
  type PrunedGroup,
  type Rewrites,
  writtenCost,
} from '../rewrite/index.ts';
import type { TargetKind } from './goal.ts';
import { importances } from './importance.ts';

/** What a chain takes; undefined where its sizes are not known. */
export type Milliseconds = (
  chain: Candidate['steps'] | readonly [NonNullable<NodeCandidates['step']>],
) => number | undefined;

/** One way to treat a node; without a candidate it stays. */
interface Choice extends Option {
  readonly candidate: Candidate | undefined;
  readonly milliseconds: number | undefined;
}

export interface ChoicesInit {
  /** Filters that go whatever is chosen. */
  readonly pruned: readonly PrunedGroup[];
  readonly nodes: readonly NodeCandidates[];
  /** What budgets are about, in the order of an option's costs. */
  readonly kinds: readonly TargetKind[];
  readonly milliseconds: Milliseconds | undefined;
  /** Bytes of a parameter in the file. */
  readonly bytesPerParameter: number;
  /** Whether candidate errors are those of outputs, or of weights. */
  readonly norm: 'outputs' | 'weights';
}

/** What an operator takes in the file beside its weights: names, attributes, dims. Corrected by the size of a sketch. */
const bytesPerOperator = 200;

/** Next best candidates that a plan tells of. */
const runnersUp = 2;

/** A choice for every node. */
export interface Chosen extends Rewrites {
  /** Sums over the nodes that have a choice. */
  readonly costs: readonly number[];
  readonly error: number;
}

/** All that a goal may choose among: for each node to keep it, or one of its candidates. */
export class Choices {
  readonly kinds: readonly TargetKind[];
  readonly #pruned: readonly PrunedGroup[];
  readonly #nodes: readonly NodeCandidates[];
  readonly #norm: ChoicesInit['norm'];
  /** Of the nodes that have candidates. */
  readonly #open: ReadonlyMap<NodeCandidates, readonly Choice[]>;

  constructor(init: ChoicesInit) {
    const { pruned, nodes, kinds, norm } = init;
    this.kinds = kinds;
    const importance = importances(nodes.map(({ kept }) => kept));
    this.#pruned = pruned;
    this.#nodes = nodes;
    this.#norm = norm;
    this.#open = new Map(
      nodes.flatMap((node) =>
        node.candidates.length > 0 ? [[node, choicesOf(node, importance(node.kept), init)] as const] : [],
      ),
    );
  }

  /** Sums over the nodes that have a choice: of what they cost as they stand, and at the least. */
  get range(): { readonly whole: readonly number[]; readonly least: readonly number[] } {
    const groups = [...this.#open.values()];
    const total = (pick: (choices: readonly Choice[], k: number) => number) =>
      this.kinds.map((_, k) => groups.reduce((sum, choices) => sum + pick(choices, k), 0));
    return {
      whole: total(([first], k) => first?.costs[k] ?? 0),
      least: total((choices, k) => Math.min(...choices.map(({ costs }) => costs[k] as number))),
    };
  }

  /** The plan that keeps every node. */
  kept(): Rewrites {
    return { pruned: [...this.#pruned], nodes: this.#nodes.map(({ kept }) => kept) };
  }

  /**
   * The plan with the least sum of errors within budgets.
   *
   * @param budgets one for each kind, of the nodes that have a choice
   * @returns undefined where no choice is within them
   */
  within(budgets: readonly number[]): Chosen | undefined {
    const groups = [...this.#open.values()];
    const found = allocate(groups, budgets);
    if (!found) return undefined;
    const prices = this.#prices(found, budgets);
    const chosen = new Map([...this.#open.keys()].map((node, g) => [node, found.chosen[g] as number]));
    return {
      error: found.error,
      costs: found.costs,
      pruned: [...this.#pruned],
      nodes: this.#nodes.map((node) => {
        const choices = this.#open.get(node);
        return choices ? this.#entry(node, choices, chosen.get(node) as number, prices) : node.kept;
      }),
    };
  }

  /** What a unit of each cost is worth in error near an allocation: by how much 2 % more of it would lower the sum. */
  #prices(found: Allocation, budgets: readonly number[]): readonly number[] {
    const groups = [...this.#open.values()];
    return budgets.map((budget, k) => {
      const more = 0.02 * budget;
      if (!(more > 0) || budget === Number.POSITIVE_INFINITY) return 0;
      const wider = allocate(groups, budgets.with(k, budget + more));
      return Math.max(0, found.error - (wider?.error ?? found.error)) / more;
    });
  }

  #entry(
    { kept, chosen: byHand }: NodeCandidates,
    choices: readonly Choice[],
    at: number,
    prices: readonly number[],
  ): PlanNode {
    const price = ({ costs, error }: Choice) =>
      costs.reduce((sum, cost, k) => sum + cost * (prices[k] as number), error);
    const choice = choices[at] as Choice;
    const others = choices.filter((other) => other !== choice).sort((a, b) => price(a) - price(b));
    const candidates = [choice, ...others.slice(0, runnersUp)].map((one) => written(one, kept));
    const { candidate } = choice;
    if (!candidate) {
      const text = 'under the goal it is better kept: others save as much for less error';
      return { ...kept, skipped: { code: 'budget', text }, candidates };
    }
    return {
      ...kept,
      method: candidate.method,
      ranks: { ...candidate.ranks },
      rankSource: byHand ? '--ranks' : 'goal',
      cost: kept.cost && { ...kept.cost, after: writtenCost(candidate.cost) },
      weightError: this.#norm === 'weights' ? Math.sqrt(candidate.error) : null,
      outputError: this.#norm === 'outputs' ? candidate.error : null,
      skipped: null,
      candidates,
    };
  }
}

/**
 * To keep the node first, unless ranks were set by hand.
 *
 * @param importance what a unit of error counts here
 */
function choicesOf(
  node: NodeCandidates,
  importance: number,
  { kinds, milliseconds: time, bytesPerParameter }: ChoicesInit,
): readonly Choice[] {
  const { cost, step, candidates, chosen } = node;
  const choice = (
    price: Candidate['cost'],
    operators: number,
    milliseconds: number | undefined,
    error: number,
    candidate: Candidate | undefined,
  ): Choice => {
    const costs: Readonly<Record<TargetKind, number>> = {
      params: price.params,
      macs: price.macs,
      size: price.params * bytesPerParameter + operators * bytesPerOperator,
      latency: milliseconds ?? 0,
    };
    return { costs: kinds.map((kind) => costs[kind]), error: importance * error, candidate, milliseconds };
  };
  const ways = candidates.map((candidate) =>
    choice(candidate.cost, candidate.steps.length, time?.(candidate.steps), candidate.error, candidate),
  );
  if (chosen || !cost || !step) return ways;
  return [choice(cost, 1, time?.([step]), 0, undefined), ...ways];
}

function written({ candidate, milliseconds: time }: Choice, kept: PlanNode): PlanNode['candidates'][number] {
  const milliseconds = time ?? null;
  const asItIs = kept.cost?.after ?? { params: 0, macs: null };
  if (!candidate) return { method: null, ranks: null, cost: { ...asItIs, milliseconds }, error: 0 };
  const { method, ranks, cost, error } = candidate;
  return { method, ranks: { ...ranks }, cost: { ...writtenCost(cost), milliseconds }, error };
}
