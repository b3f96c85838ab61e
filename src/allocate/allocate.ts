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
  readonly optimal: boolean;
}

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
  { most: 5000, work: 4e6 },
  { most: 20_000, work: 1e7 },
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
