import { checkInstance } from './check-instance.ts';
import { coreOf } from './core.ts';
import { Incumbent } from './incumbent.ts';
import { type Instance, instanceOf } from './instance.ts';
import { multipliersOf } from './multipliers.ts';
import type { Option } from './option.ts';
import { type Problem, weigh } from './problem.ts';
import { quantumOf } from './quantum.ts';
import { search } from './search.ts';

export interface Allocation {
  /** Position of the option of each group. */
  readonly chosen: readonly number[];
  /** Sums over the groups, in their order: one cost for each budget, and the error. */
  readonly costs: readonly number[];
  readonly error: number;
  /** Is no other allocation better by more than 1e-12 of the error? */
  readonly optimal: boolean;
}

/**
 * The multiple-choice knapsack problem: one option of each group, Σ error least, Σ costs[k] ≤ budgets[k]. A
 * relaxation by convex hulls gives bounds, dynamic programming over Pareto states closes what it leaves open
 * (H. Kellerer, U. Pferschy, D. Pisinger, Knapsack Problems (2004), chapter 11). Several budgets are first made one by the
 * multipliers of their linear relaxation; states then keep all their costs.
 *
 * With one budget, of equally good allocations the cheapest; of equal options of a group the first. The same input gives
 * the same result on every machine. Nothing but a sum that is within rounding of a budget exceeds it.
 *
 * @param budgets Infinity for none
 * @returns undefined when even the cheapest options exceed a budget; with several budgets also when no choice was found
 *   that keeps to them all. Not `optimal` only where the work was cut short: real numbers whose sums lie so dense that
 *   millions are equally good, or several tight budgets that contradict each other.
 * @throws RangeError for an empty group, and for costs, errors and budgets that are no amounts
 */
export function allocate(groups: readonly (readonly Option[])[], budgets: readonly number[]): Allocation | undefined {
  checkInstance(groups, budgets);
  const instance = instanceOf(groups, budgets);
  const found = instance && solve(instance);
  if (!found) return undefined;
  const options = found.chosen.map((at, g) => groups[g]![at]!);
  return {
    ...found,
    costs: budgets.map((_, k) => options.reduce((sum, { costs }) => sum + costs[k]!, 0)),
    error: options.reduce((sum, { error }) => sum + error, 0),
  };
}

/** Narrow passes find a good allocation soon, with which the wide ones have less to look at. */
const passes = [
  { most: 500, work: 1e6 },
  { most: 5000, work: 3e6 },
  { most: 20_000, work: 6e6 },
];

/**
 * Two errors whose ratio is within this of 1 are taken for equal. Sums of 300 amounts are accurate to 3e-14; the rest is
 * for instances whose sums lie so dense that their optimum is a matter of rounding.
 */
const tolerance = 1e-12;

function solve(instance: Instance): Pick<Allocation, 'chosen' | 'optimal'> | undefined {
  const { groups, limits } = instance;
  const best = groups.map((choices) => choices[0]!);
  if (limits.every((limit, k) => best.reduce((sum, { costs }) => sum + costs[k]!, 0) <= limit))
    return { chosen: best.map(({ at }) => at), optimal: true };
  const problem = weigh(instance, limits.length > 1 ? multipliersOf(instance) : [1]);
  const core = coreOf(problem);
  if (!core) return undefined;
  const equal = Number.EPSILON * core.bound;
  const incumbent = new Incumbent(groups.length * equal);
  const quantum = quantaOf(problem);
  const optimal = passes.some((pass) => search(problem, core, { incumbent, tolerance, equal, quantum, ...pass }));
  const { chosen } = incumbent;
  return chosen && { chosen: Array.from(chosen, (at, g) => problem.groups[g]![at]!.at), optimal };
}

function quantaOf({ groups }: Problem): { error: number; weight: number } {
  const choices = groups.flat();
  return {
    error: quantumOf(choices.map(({ error }) => error)),
    weight: quantumOf(choices.map(({ weight }) => weight)),
  };
}
