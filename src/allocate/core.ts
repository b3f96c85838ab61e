import type { Problem } from './problem.ts';
import { boundWithin, cornerWithin, relax } from './relaxation.ts';

/** What the relaxation of all groups says. */
export interface Core {
  /** Least error under the limit on the weight. */
  readonly bound: number;
  /** What a unit of the limit is worth: the multiplier at which the bound is reached. */
  readonly slope: number;
  /**
   * How much the bound would rise if the group did not take its best choice at that multiplier; Infinity where there is
   * no other. float64[groups]
   */
  readonly gaps: readonly number[];
  /** Groups, the least certain first: smallest gap, then first (the core of Pisinger, Eur. J. Oper. Res. 83 (1995)). */
  readonly order: readonly number[];
}

/** @returns undefined when the lightest choices exceed the limit */
export function coreOf(problem: Problem): Core | undefined {
  const all = relax(problem, () => true);
  const corner = cornerWithin(all, problem.limit);
  if (corner < 0) return undefined;
  const slope = all.slopes[corner]!;
  const gaps = problem.groups.map((choices) => secondBest(choices.map(({ error, weight }) => error + slope * weight)));
  return {
    bound: boundWithin(all, corner, problem.limit),
    slope,
    gaps,
    order: [...gaps.keys()].sort((a, b) => (gaps[a] === gaps[b] ? a - b : gaps[a]! - gaps[b]!)),
  };
}

/** How much the second least of the values is above the least; Infinity for one value. */
function secondBest(values: readonly number[]): number {
  const [least = 0, second = Number.POSITIVE_INFINITY] = values.toSorted((a, b) => a - b);
  return second - least;
}
