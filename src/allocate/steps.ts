import type { Choice } from './choice.ts';
import { lowerHull } from './lower-hull.ts';

/**
 * The convex relaxation of all groups: each goes along the lower hull of its points (weight, error), and what it does is
 * a row of steps, each dearer and less wrong than the one before. Sorted by slope (the error saved for the weight), the
 * steps of all groups together are the solution of the linear relaxation for every limit at once
 * (Sinha & Zoltners, Oper. Res. 27 (1979)).
 */
export interface Steps {
  /** First choice on the hull of each group: the lightest. int32[groups] */
  readonly first: Int32Array;
  /** The least error of each group, where its steps end. float64[groups] */
  readonly leastError: Float64Array;
  /** Group that steps, and the choice it comes to. int32[steps], steepest first */
  readonly group: Int32Array;
  readonly to: Int32Array;
  /** Weight added (> 0) and error saved (> 0). float64[steps] */
  readonly weight: Float64Array;
  readonly error: Float64Array;
}

interface Step {
  readonly group: number;
  readonly to: number;
  readonly weight: number;
  readonly error: number;
}

/** @param groups sorted by weight */
export function stepsOf(groups: readonly (readonly Choice[])[]): Steps {
  const hulls = groups.map(lowerHull);
  const steps = hulls
    .flatMap((hull, group) => hull.slice(1).map((to, at) => stepBetween(groups[group]!, group, hull[at]!, to)))
    // A stable sort: steps of equal slope stay in the order of their groups, and those of one group in theirs.
    .sort((a, b) => b.error / b.weight - a.error / a.weight);
  return {
    first: Int32Array.from(hulls, (hull) => hull[0]!),
    leastError: Float64Array.from(hulls, (hull, group) => groups[group]![hull.at(-1)!]!.error),
    group: Int32Array.from(steps, ({ group }) => group),
    to: Int32Array.from(steps, ({ to }) => to),
    weight: Float64Array.from(steps, ({ weight }) => weight),
    error: Float64Array.from(steps, ({ error }) => error),
  };
}

function stepBetween(choices: readonly Choice[], group: number, from: number, to: number): Step {
  const [a, b] = [choices[from]!, choices[to]!];
  return { group, to, weight: b.weight - a.weight, error: a.error - b.error };
}
