import type { Choice } from './choice.ts';
import type { Instance } from './instance.ts';
import { type Steps, stepsOf } from './steps.ts';

/** An instance seen through one limit, that on the weight, in which the relaxation is solved by sorting. */
export interface Problem {
  /** Sorted by weight. */
  readonly groups: readonly (readonly Choice[])[];
  readonly steps: Steps;
  readonly limit: number;
  /** Limits beside that on the weight: all of several, none of one. */
  readonly limits: readonly number[];
  /** Least cost of each group, budget by budget. */
  readonly leastCosts: readonly Float64Array[];
}

/**
 * With one budget the weight is its cost. With several it is Σ multiplier·cost: what meets every limit also meets the
 * weighted sum of them, so the least error under that sum is a bound (a surrogate; the bound that the best multipliers
 * give is the one of the linear relaxation with all the limits).
 *
 * @param multipliers ≥ 0, one for each limit, not all 0
 */
export function weigh({ groups, limits }: Instance, multipliers: readonly number[]): Problem {
  const single = limits.length === 1;
  const weightOf = (amounts: readonly number[]) =>
    single ? amounts[0]! : amounts.reduce((sum, amount, k) => sum + multipliers[k]! * amount, 0);
  const weighted = groups.map((choices) =>
    choices
      .map((choice) => ({ ...choice, weight: weightOf(choice.costs) }))
      .sort((a, b) => a.weight - b.weight || a.error - b.error || a.at - b.at),
  );
  const beside = single ? [] : limits;
  return {
    groups: weighted,
    steps: stepsOf(weighted),
    limit: weightOf(limits) * (single ? 1 : 1 + groups.length * Number.EPSILON),
    limits: beside,
    leastCosts: beside.map((_, k) =>
      Float64Array.from(groups, (choices) => Math.min(...choices.map(({ costs }) => costs[k]!))),
    ),
  };
}
