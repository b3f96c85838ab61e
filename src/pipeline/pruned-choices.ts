import { lowerHull } from '../allocate/index.ts';
import type { GroupLevels, NodeCandidates, NodeWays, PruneLevel } from '../rewrite/index.ts';
import { addGone, writtenCost } from '../rewrite/index.ts';
import { type Choice, choicesOf } from './choice.ts';
import { Choices, type ChoicesInit, type Chooser, type Chosen } from './choices.ts';
import { importances } from './importance.ts';

/** Which level each group is at; those that lose nothing are not in it. */
type Levels = ReadonlyMap<GroupLevels, PruneLevel>;

type Gone = NonNullable<ReturnType<PruneLevel['gone']['get']>>;

/** Halvings of the range of prices, [1e-9, 1e9] in units of error per budget: a factor of 1.0004 at the end. */
const halvings = 16;

/**
 * What a unit of error counts that comes of removed filters, against one that comes of a factorization. Fits of later nodes
 * make up for most of what a factorization loses, but what no channel carries any more they cannot tell: on a ResNet-20 the
 * error of the outputs is 0.2 to 0.4 of what single groups forecast, and 0.05 to 0.07 of what all factorized nodes do.
 */
const remaining = 4;

/** Rounds over all groups at one price; they rarely take more than three. */
const mostRounds = 8;

/**
 * Filters and factorizations chosen together. What a filter saves depends on how the nodes that share it are factorized, and
 * the other way round, so no table of costs has both. At a given price of each cost all is decided group by group: the level
 * of a group that makes its loss and the best ways of its nodes, as they then are, the cheapest, the other groups as they
 * stand; again until nothing changes. The price is the least at which budgets are met (Lagrangian relaxation). For the
 * filters so found the nodes are then chosen exactly.
 */
export class PrunedChoices implements Chooser {
  readonly kinds: Chooser['kinds'];
  readonly #init: ChoicesInit;
  readonly #plain: Choices;
  readonly #groups: readonly GroupLevels[];
  readonly #nodes: ReadonlyMap<string, NodeCandidates>;
  readonly #importance: (name: string) => number;
  /** Nodes that a group takes something from, and the other way round. */
  readonly #touched: ReadonlyMap<GroupLevels, ReadonlySet<string>>;
  readonly #touching = new Map<string, GroupLevels[]>();
  readonly #menus = new Map<string, readonly Choice[]>();

  constructor(init: ChoicesInit, groups: readonly GroupLevels[], plain: Choices) {
    this.kinds = init.kinds;
    this.#init = init;
    this.#plain = plain;
    this.#groups = groups;
    const counts = ({ kept, candidates }: NodeCandidates) => candidates.length > 0 || init.counted?.has(kept.name);
    this.#nodes = new Map(init.nodes.filter(counts).map((node) => [node.kept.name, node]));
    const importance = importances(init.nodes.map(({ kept }) => kept));
    this.#importance = (name) => {
      const node = this.#nodes.get(name);
      return node ? importance(node.kept) : 1;
    };
    this.#touched = new Map(groups.map((group) => [group, touchedBy([group])]));
    for (const [group, names] of this.#touched)
      for (const name of names) this.#touching.set(name, [...(this.#touching.get(name) ?? []), group]);
  }

  get range(): Chooser['range'] {
    const { whole, least } = this.#plain.range;
    const deepest = this.#at(new Map(this.#groups.map((group) => [group, group.levels.at(-1) as PruneLevel])));
    return { whole, least: least.map((cost, k) => Math.min(cost, Math.max(0, deepest.range.least[k] as number))) };
  }

  kept(): ReturnType<Chooser['kept']> {
    return this.#plain.kept();
  }

  within(budgets: readonly number[]): Chosen | undefined {
    let best = this.#plain.within(budgets);
    for (const levels of this.#levelsFor(budgets)) {
      const found = this.#at(levels).within(budgets);
      if (found && !(best && best.error <= found.error)) best = found;
    }
    return best;
  }

  /** Filters that go at the prices near that at which budgets are met: the exact choice of nodes says which are best. */
  #levelsFor(budgets: readonly number[]): readonly Levels[] {
    const scale = budgets.map((budget) => (Number.isFinite(budget) && budget > 0 ? 1 / budget : 0));
    let [low, high] = [-9, 9];
    const seen = new Map<string, Levels>();
    for (let step = 0; step < halvings; step++) {
      const exponent = (low + high) / 2;
      const prices = scale.map((unit) => unit * 10 ** exponent);
      const levels = this.#settled(prices);
      const costs = this.#costs(levels, prices);
      if (costs.every((cost, k) => cost <= (budgets[k] as number))) high = exponent;
      else low = exponent;
      if (levels.size > 0 && step >= halvings / 4) seen.set(keyOf(levels), levels);
    }
    return [...seen.values()];
  }

  /** From no filter gone, and from as many as can: the better of both. */
  #settled(prices: readonly number[]): Levels {
    const deepest = new Map(this.#groups.map((group) => [group, group.levels.at(-1) as PruneLevel]));
    const [some, many] = [this.#descend(new Map(), prices), this.#descend(deepest, prices)];
    return this.#value(many, prices) < this.#value(some, prices) ? many : some;
  }

  #descend(start: Levels, prices: readonly number[]): Levels {
    const levels = new Map(start);
    for (let round = 0, changed = true; changed && round < mostRounds; round++) {
      changed = false;
      for (const group of this.#groups) {
        const before = levels.get(group);
        let best = before;
        let least = this.#around(group, levels, prices);
        for (const level of [undefined, ...group.levels]) {
          if (level === before) continue;
          put(levels, group, level);
          const value = this.#around(group, levels, prices);
          if (value < least * (1 - 1e-9)) [best, least] = [level, value];
        }
        put(levels, group, best);
        changed ||= best !== before;
      }
    }
    return levels;
  }

  /** What a group at its level, and the nodes that it touches, come to. */
  #around(group: GroupLevels, levels: Levels, prices: readonly number[]): number {
    const level = levels.get(group);
    return [...(this.#touched.get(group) ?? [])].reduce(
      (sum, name) => sum + this.#best(name, levels, prices).value,
      this.#loss(level),
    );
  }

  /** What everything comes to. */
  #value(levels: Levels, prices: readonly number[]): number {
    const losses = [...levels.values()].reduce((sum, level) => sum + this.#loss(level), 0);
    return [...this.#nodes.keys()].reduce((sum, name) => sum + this.#best(name, levels, prices).value, losses);
  }

  #costs(levels: Levels, prices: readonly number[]): readonly number[] {
    const chosen = [...this.#nodes.keys()].map((name) => this.#best(name, levels, prices).choice);
    return this.kinds.map((_, k) => chosen.reduce((sum, choice) => sum + (choice?.costs[k] ?? 0), 0));
  }

  #best(name: string, levels: Levels, prices: readonly number[]): { value: number; choice: Choice | undefined } {
    const menu = this.#menu(name, this.#goneOf(name, levels));
    // A node whose cost nobody knows is in no budget.
    const nothing = this.#nodes.get(name)?.cost ? Number.POSITIVE_INFINITY : 0;
    let [value, best]: [number, Choice | undefined] = [nothing, undefined];
    for (const choice of menu) {
      const own = choice.costs.reduce((sum, cost, k) => sum + cost * (prices[k] as number), choice.error);
      if (!best || own < value) [value, best] = [own, choice];
    }
    return { value, choice: best };
  }

  #loss(level: PruneLevel | undefined): number {
    const losses = [...(level?.losses ?? [])];
    return losses.reduce((sum, [name, loss]) => sum + remaining * this.#importance(name) * loss, 0);
  }

  #goneOf(name: string, levels: Levels): Gone | undefined {
    return (this.#touching.get(name) ?? []).reduce<Gone | undefined>((sum, group) => {
      const gone = levels.get(group)?.gone.get(name);
      return gone ? addGone(sum, gone) : sum;
    }, undefined);
  }

  /** What could be done with a node once channels are gone; empty where that cannot be. */
  #menu(name: string, gone: Gone | undefined): readonly Choice[] {
    const key = `${gone?.inputs},${gone?.outputs},${gone?.groups} ${name}`;
    const known = this.#menus.get(key);
    if (known) return known;
    const node = this.#nodes.get(name) as NodeCandidates;
    const ways = gone ? this.#without(node, gone, bestAtSomePrice) : node;
    const all = ways ? choicesOf({ chosen: node.chosen, ...ways }, this.#importance(name), this.#init) : [];
    const menu = undominated(all);
    this.#menus.set(key, menu);
    return menu;
  }

  /**
   * Candidates that were beaten with all channels are not looked at again.
   *
   * @param among which of the others are
   */
  #without(node: NodeCandidates, gone: Gone, among = (menu: readonly Choice[]) => menu): NodeWays | undefined {
    const menu = among(this.#menu(node.kept.name, undefined));
    return node.without(
      gone,
      menu.flatMap(({ candidate }) => candidate ?? []),
    );
  }

  /** The choices that are left once these filters are gone. */
  #at(levels: Levels): Choices {
    const nodes = this.#init.nodes.map((node) => {
      const gone = this.#goneOf(node.kept.name, levels);
      const ways = gone && this.#without(node, gone);
      return ways ? smaller(node, ways) : node;
    });
    return new Choices({
      ...this.#init,
      nodes,
      pruned: [...this.#init.pruned, ...this.#groups.flatMap((group) => levels.get(group)?.entry ?? [])],
      loss: [...levels.values()].reduce((sum, level) => sum + this.#loss(level), 0),
    });
  }
}

/** Nodes that become cheaper where filters of any group go, by name. */
export function touchedBy(groups: readonly GroupLevels[]): ReadonlySet<string> {
  return new Set(groups.flatMap(({ levels }) => levels.flatMap(({ gone }) => [...gone.keys()])));
}

function keyOf(levels: Levels): string {
  return [...levels.values()].map(({ entry: { group, kept } }) => `${group} ${kept}`).join();
}

function put(levels: Map<GroupLevels, PruneLevel>, group: GroupLevels, level: PruneLevel | undefined): void {
  if (level) levels.set(group, level);
  else levels.delete(group);
}

function smaller(node: NodeCandidates, ways: NodeWays): NodeCandidates {
  const cost = writtenCost(ways.cost);
  const before = node.kept.cost?.before ?? cost;
  return { ...node, ...ways, kept: { ...node.kept, cost: { before, pruned: cost, after: cost } } };
}

/** Choices of which no other is at least as good in error and in every cost. */
function undominated(choices: readonly Choice[]): readonly Choice[] {
  const kept: Choice[] = [];
  for (const choice of choices.toSorted((a, b) => a.error - b.error || (a.costs[0] ?? 0) - (b.costs[0] ?? 0)))
    if (!kept.some(({ costs }) => costs.every((cost, k) => cost <= (choice.costs[k] as number)))) kept.push(choice);
  return kept;
}

/**
 * What is the cheapest at some price of the cost; with costs of several kinds all of them.
 *
 * @param menu undominated, in the order of errors
 */
function bestAtSomePrice(menu: readonly Choice[]): readonly Choice[] {
  if (menu.some(({ costs }) => costs.length > 1)) return menu;
  const byCost = menu.toReversed();
  const corners = lowerHull(byCost.map(({ costs: [weight = 0], error }) => ({ weight, error })));
  return corners.map((at) => byCost[at] as Choice);
}
