import { Candidates } from './candidates.ts';
import { extendStates } from './extend-states.ts';
import type { Incumbent } from './incumbent.ts';
import { joinStates } from './join-states.ts';
import type { Problem } from './problem.ts';
import { boundWithin, cornerWithin, type Relaxation, relax } from './relaxation.ts';
import { emptyStates, type States } from './states.ts';

export interface SearchOptions {
  readonly incumbent: Incumbent;
  /** What rounding may do to a bound, relative to it. */
  readonly tolerance: number;
  readonly equal: number;
  /** States of one side at most. */
  readonly most: number;
}

/** Corners around the one at the multiplier at which pairs are completed. */
const cornersAround = 3;

/**
 * Dynamic programming over Pareto states, pruned by the relaxation of what is left, in the groups whose choice is least
 * certain: those whose second best choice at the relaxation's multiplier is nearly as good as the best (the core of
 * Pisinger, Eur. J. Oper. Res. 83 (1995)). It ends with the group whose second best choice alone would lift the bound to
 * the incumbent; that group and all after it stand at their best choice.
 *
 * With one budget two sides grow, each time the smaller one, and are joined after each group. The states of each are
 * about the root of what one side alone would come to, and every pair of them is a candidate.
 *
 * @returns is the incumbent proven best? Without one: that there is none
 */
export function search(problem: Problem, options: SearchOptions): boolean {
  const { incumbent, tolerance } = options;
  const all = relax(problem, () => true);
  const corner = cornerWithin(all, problem.limit);
  if (corner < 0) return true;
  const bound = boundWithin(all, corner, problem.limit);
  const slope = all.slopes[corner]!;
  const gaps = problem.groups.map((choices) => secondBest(choices.map(({ error, weight }) => error + slope * weight)));
  const order = [...gaps.keys()].sort((a, b) => gaps[a]! - gaps[b]! || a - b);
  const isBeaten = (value: number) => value >= incumbent.error * (1 - tolerance);
  const candidates = new Candidates();
  const sides = [side(problem), side(problem)] as const;
  let lost = Number.POSITIVE_INFINITY;
  for (const group of order) {
    joinSides(problem, sides, slope, incumbent);
    if (isBeaten(bound + gaps[group]!)) break;
    const smaller = problem.limits.length > 0 || sizeOf(sides[0]) <= sizeOf(sides[1]) ? sides[0] : sides[1];
    smaller.groups.add(group);
    const rest = relax(problem, (other) => !smaller.groups.has(other));
    const extended = extendStates({ problem, states: smaller.states, group, rest, candidates, ...options });
    lost = Math.min(lost, extended.lost);
    smaller.states = extended.states;
    if (sizeOf(smaller) === 0) return isBeaten(lost);
  }
  joinSides(problem, sides, slope, incumbent);
  return isBeaten(lost);
}

interface Side {
  states: States;
  readonly groups: Set<number>;
}

function side({ limits }: Problem): Side {
  return { states: emptyStates(limits.length), groups: new Set() };
}

function sizeOf({ states }: Side): number {
  return states.weight.length;
}

function joinSides(problem: Problem, [left, right]: readonly [Side, Side], slope: number, incumbent: Incumbent): void {
  const rest = relax(problem, (group) => !left.groups.has(group) && !right.groups.has(group));
  const middle = cornerOfSlope(rest, slope);
  const last = Math.min(rest.weights.length - 1, middle + cornersAround);
  for (let corner = Math.max(0, middle - cornersAround); corner <= last; corner++)
    joinStates({ problem, left: left.states, right: right.states, rest, incumbent }, corner);
}

/** Where every step that is steeper has been made. */
function cornerOfSlope({ slopes }: Relaxation, slope: number): number {
  const corner = slopes.findIndex((other) => other <= slope);
  return corner < 0 ? slopes.length - 1 : corner;
}

/** How much the second least of the values is above the least; Infinity for one value. */
function secondBest(values: readonly number[]): number {
  const [least = 0, second = Number.POSITIVE_INFINITY] = values.toSorted((a, b) => a - b);
  return second - least;
}
