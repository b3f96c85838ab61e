import { checkInstance } from './check-instance.ts';
import { Incumbent } from './incumbent.ts';
import { type Instance, instanceOf } from './instance.ts';
import { multipliersOf } from './multipliers.ts';
import type { Option } from './option.ts';
import { weigh } from './problem.ts';
import { boundWithin, cornerWithin, relax } from './relaxation.ts';
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

const widths = { one: [100_000], several: [100, 1000, 20_000] };

function solve(instance: Instance): Pick<Allocation, 'chosen' | 'optimal'> | undefined {
  const { groups, limits } = instance;
  const best = groups.map((choices) => choices[0]!);
  if (limits.every((limit, k) => best.reduce((sum, { costs }) => sum + costs[k]!, 0) <= limit))
    return { chosen: best.map(({ at }) => at), optimal: true };
  const problem = weigh(instance, multipliersOf(instance));
  const all = relax(problem, () => true);
  const corner = cornerWithin(all, problem.limit);
  if (corner < 0) return undefined;
  const bound = boundWithin(all, corner, problem.limit);
  const incumbent = new Incumbent(groups.length * Number.EPSILON * bound);
  const options = { incumbent, tolerance: 4 * groups.length * Number.EPSILON, equal: Number.EPSILON * bound };
  let optimal = false;
  for (const most of limits.length > 1 ? widths.several : widths.one) {
    optimal = search(problem, { ...options, most });
    if (optimal) break;
  }
  const { chosen } = incumbent;
  return chosen && { chosen: Array.from(chosen, (at, g) => problem.groups[g]![at]!.at), optimal };
}
