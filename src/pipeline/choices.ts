import { type Allocation, allocate } from '../allocate/index.ts';
import { type NodeCandidates, type PlanNode, type PrunedGroup, type Rewrites, writtenCost } from '../rewrite/index.ts';
import { type Choice, choicesOf, type Pricing, written } from './choice.ts';
import type { TargetKind } from './goal.ts';
import { importances } from './importance.ts';

export interface ChoicesInit extends Pricing {
  /** Filters that go whatever is chosen. */
  readonly pruned: readonly PrunedGroup[];
  readonly nodes: readonly NodeCandidates[];
  /** Whether candidate errors are those of outputs, or of weights. */
  readonly norm: 'outputs' | 'weights';
  /** Where these are the nodes of a pruned model: how its sums compare with those of the model that is not. */
  readonly beside?: Beside;
}

export interface Beside {
  /** What is lost with the filters, as errors count. */
  readonly loss: number;
  /** Nodes without candidates whose costs count all the same, by name: filters that go make them cheaper. */
  readonly counted: ReadonlySet<string>;
  /** What these cost with all filters, which is in no budget. */
  readonly offset: readonly number[];
}

/** Next best candidates that a plan tells of. */
const runnersUp = 2;

/** A choice for every node. */
export interface Chosen extends Rewrites {
  /** Sums over the nodes that have a choice. */
  readonly costs: readonly number[];
  readonly error: number;
}

/** Who answers what is best within budgets. */
export interface Chooser {
  readonly kinds: readonly TargetKind[];
  readonly range: { readonly whole: readonly number[]; readonly least: readonly number[] };
  kept(): Rewrites;
  within(budgets: readonly number[]): Chosen | undefined;
}

/** All that a goal may choose among: for each node to keep it, or one of its candidates. */
export class Choices implements Chooser {
  readonly kinds: readonly TargetKind[];
  readonly #pruned: readonly PrunedGroup[];
  readonly #nodes: readonly NodeCandidates[];
  readonly #norm: ChoicesInit['norm'];
  readonly #loss: number;
  readonly #offset: readonly number[];
  /** Of the nodes that have candidates. */
  readonly #open: ReadonlyMap<NodeCandidates, readonly Choice[]>;

  constructor(init: ChoicesInit) {
    const { pruned, nodes, kinds, norm, beside } = init;
    this.kinds = kinds;
    const importance = importances(nodes.map(({ kept }) => kept));
    this.#pruned = pruned;
    this.#nodes = nodes;
    this.#norm = norm;
    this.#loss = beside?.loss ?? 0;
    this.#offset = beside?.offset ?? kinds.map(() => 0);
    this.#open = new Map(
      nodes.flatMap((node) => {
        if (node.candidates.length === 0 && !beside?.counted.has(node.kept.name)) return [];
        const choices = choicesOf(node, importance(node.kept), init);
        return choices.length > 0 ? [[node, choices] as const] : [];
      }),
    );
  }

  /** Sums over the nodes that have a choice: of what they cost as they stand, and at the least. */
  get range(): { readonly whole: readonly number[]; readonly least: readonly number[] } {
    const groups = [...this.#open.values()];
    const total = (pick: (choices: readonly Choice[], k: number) => number) =>
      this.kinds.map((_, k) => groups.reduce((sum, choices) => sum + pick(choices, k), -(this.#offset[k] as number)));
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
    const own = budgets.map((budget, k) => budget + (this.#offset[k] as number));
    const found = own.every((budget) => budget >= 0) ? allocate(groups, own) : undefined;
    if (!found) return undefined;
    const prices = this.#prices(found, own);
    const chosen = new Map([...this.#open.keys()].map((node, g) => [node, found.chosen[g] as number]));
    return {
      error: found.error + this.#loss,
      costs: found.costs.map((cost, k) => cost - (this.#offset[k] as number)),
      pruned: [...this.#pruned],
      nodes: this.#nodes.map((node) => {
        const choices = this.#open.get(node);
        return choices && node.candidates.length > 0
          ? this.#entry(node, choices, chosen.get(node) as number, prices)
          : node.kept;
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
