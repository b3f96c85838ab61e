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
  /** Nodes whose costs count also where there is nothing to choose, by name: filters that go make them cheaper. */
  readonly counted?: ReadonlySet<string>;
  /** What is lost with filters that are gone, as errors count. */
  readonly loss?: number;
}

/** Next best candidates that a plan tells of. */
const runnersUp = 2;

/**
 * Where time has no budget, channels between new nodes come in whole blocks, the widest of these widths that costs no more
 * than this factor of error. The fewest MACs for an error are slow: a depthwise convolution whose channels fill no blocks
 * leaves ONNX Runtime's blocked layout, and takes its neighbours along. At a third of the MACs a ResNet-20 and a ResNet-44
 * ran at 0.81 and 0.74 times their speed with ranks of every size, at 2.27 and 2.18 times so; their KL divergences rose from
 * 0.191 to 0.201 and from 0.115 to 0.121, those at 0.6 of the MACs not at all (one thread, AVX2, one seed).
 */
const blocks = { widths: [16, 8, 4], mostError: 1.1 } as const;

/** What each of the nodes that count is chosen from. */
type Menus = readonly (readonly Choice[])[];

/** A choice for every node. */
export interface Chosen extends Rewrites {
  /** Sums over the nodes that count. */
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
  /** Of the nodes that count. */
  readonly #open: ReadonlyMap<NodeCandidates, readonly Choice[]>;

  constructor(init: ChoicesInit) {
    const { pruned, nodes, kinds, norm, counted, loss = 0 } = init;
    this.kinds = kinds;
    const importance = importances(nodes.map(({ kept }) => kept));
    this.#pruned = pruned;
    this.#nodes = nodes;
    this.#norm = norm;
    this.#loss = loss;
    this.#open = new Map(
      nodes.flatMap((node) => {
        if (node.candidates.length === 0 && !counted?.has(node.kept.name)) return [];
        const choices = choicesOf(node, importance(node.kept), init);
        return choices.length > 0 ? [[node, choices] as const] : [];
      }),
    );
  }

  /** Sums over the nodes that count: of what they cost as they stand, and at the least. */
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
   * @param budgets one for each kind, of the nodes that count
   * @returns undefined where no choice is within them
   */
  within(budgets: readonly number[]): Chosen | undefined {
    const solved = this.#solved(budgets);
    if (!solved) return undefined;
    const { menus, found } = solved;
    const prices = pricesNear(found, menus, budgets);
    const places = new Map([...this.#open.keys()].map((node, g) => [node, g]));
    return {
      error: found.error + this.#loss,
      costs: found.costs,
      pruned: [...this.#pruned],
      nodes: this.#nodes.map((node) => {
        const g = places.get(node);
        return g !== undefined && node.candidates.length > 0
          ? this.#entry(node, menus[g] as readonly Choice[], found.chosen[g] as number, prices)
          : node.kept;
      }),
    };
  }

  /** The best of everything with time among the kinds, otherwise of what comes in whole blocks if that will do. */
  #solved(budgets: readonly number[]): { readonly menus: Menus; readonly found: Allocation } | undefined {
    const all: Menus = [...this.#open.values()];
    const best = allocate(all, budgets);
    if (!best) return undefined;
    for (const width of this.kinds.includes('latency') ? [] : blocks.widths) {
      const menus = all.map((choices) => {
        const whole = choices.filter((choice) => isInBlocks(choice, width));
        return whole.length > 0 ? whole : choices;
      });
      const found = allocate(menus, budgets);
      if (found && found.error <= blocks.mostError * best.error) return { menus, found };
    }
    return { menus: all, found: best };
  }

  #entry(node: NodeCandidates, menu: readonly Choice[], at: number, prices: readonly number[]): PlanNode {
    const { kept, chosen: byHand } = node;
    const price = ({ costs, error }: Choice) =>
      costs.reduce((sum, cost, k) => sum + cost * (prices[k] as number), error);
    const best = (choices: readonly Choice[]) => choices.toSorted((a, b) => price(a) - price(b));
    const choice = menu[at] as Choice;
    const beside = (this.#open.get(node) ?? []).filter((other) => !menu.includes(other));
    const others = [...best(menu.filter((other) => other !== choice)), ...best(beside)];
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

/** What a unit of each cost is worth in error near an allocation: by how much 2 % more of it would lower the sum. */
function pricesNear(found: Allocation, menus: Menus, budgets: readonly number[]): readonly number[] {
  return budgets.map((budget, k) => {
    const more = 0.02 * budget;
    if (!(more > 0) || budget === Number.POSITIVE_INFINITY) return 0;
    const wider = allocate(menus, budgets.with(k, budget + more));
    return Math.max(0, found.error - (wider?.error ?? found.error)) / more;
  });
}

/**
 * Whether the channels between its nodes are multiples of a width or, where they are few, a part of it; of grouped
 * convolutions those of each group, unless it is a single one.
 */
function isInBlocks({ candidate }: Choice, width: number): boolean {
  const fits = (channels: number) => channels % width === 0 || width % channels === 0;
  const steps = candidate?.steps ?? [];
  return steps.every(({ groups, inputs, outputs }, place) => {
    const isDepthwise = groups === inputs && groups === outputs;
    const isWhole = groups === 1 || isDepthwise || (outputs / groups) % width === 0;
    return isWhole && (place === steps.length - 1 || fits(outputs));
  });
}
