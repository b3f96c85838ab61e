import { Candidates } from './candidates.ts';
import type { Core } from './core.ts';
import { extendStates } from './extend-states.ts';
import type { Incumbent } from './incumbent.ts';
import { joinStates } from './join-states.ts';
import type { Problem } from './problem.ts';
import { type Relaxation, relax } from './relaxation.ts';
import { emptyStates, type States } from './states.ts';

export interface SearchOptions {
  readonly incumbent: Incumbent;
  /** What rounding may do to a bound, relative to it. */
  readonly tolerance: number;
  /** Errors that differ by no more are equal. */
  readonly equal: number;
  /** Errors and weights are whole multiples of these; 0 when of none. */
  readonly quantum: { readonly error: number; readonly weight: number };
  /** States of one side, and sums looked at, at most. */
  readonly most: number;
  readonly work: number;
}

/** Corners around the one at the multiplier at which pairs are completed. */
const cornersAround = 3;

/** Pairs of a third state and one of the other sides that may be looked at for each corner. */
const thirdSteps = 3e6;

/**
 * Dynamic programming over Pareto states, pruned by the relaxation of what is left, in the order of the core. It ends
 * with the group whose second best choice alone would lift the bound to the incumbent; that group and all after it stand
 * at their best choice.
 *
 * With one budget two sides grow, each time the smaller one, and are joined after each group: the states of each are
 * about the root of what one side alone would come to, and every pair of them is a candidate. When a side is cut for the
 * first time, a third, small one is joined with the two: where whole ranges of sums are equally good, only the number of
 * sums that are tried closes the gap.
 *
 * @returns is the incumbent proven best? Without one: that there is none
 */
export function search(problem: Problem, core: Core, options: SearchOptions): boolean {
  const { incumbent, tolerance, most } = options;
  const isBeaten = (value: number) => value >= incumbent.error * (1 - tolerance);
  const candidates = new Candidates();
  const [left, right] = [new Side(problem), new Side(problem)];
  const single = problem.limits.length === 0;
  let { work } = options;
  const extend = (side: Side, group: number, width: number) => {
    side.groups.add(group);
    const rest = relax(problem, (other) => !side.groups.has(other));
    const { states } = side;
    const extended = extendStates({ problem, states, group, rest, candidates, ...options, most: width });
    side.states = extended.states;
    work -= extended.work;
    return extended.lost;
  };
  const joinThird = (groups: readonly number[]) => {
    const third = new Side(problem);
    const width = Math.floor(Math.min(most / 8, thirdSteps / (left.size + right.size)));
    for (const group of groups) {
      if (isBeaten(core.bound + core.gaps[group]!) || third.size === 0) break;
      if (extend(third, group, width) < Number.POSITIVE_INFINITY) break;
    }
    join(problem, [left, right, third], core.slope, incumbent);
  };
  let lost = Number.POSITIVE_INFINITY;
  for (const [at, group] of core.order.entries()) {
    join(problem, [left, right, new Side(problem)], core.slope, incumbent);
    if (isBeaten(core.bound + core.gaps[group]!)) return isBeaten(lost);
    if (work < 0) return isBeaten(Math.min(lost, core.bound));
    const smaller = !single || left.size <= right.size ? left : right;
    const before = lost;
    lost = Math.min(lost, extend(smaller, group, most));
    if (smaller.size === 0) return isBeaten(lost);
    if (single && before === Number.POSITIVE_INFINITY && lost < before) joinThird(core.order.slice(at + 1));
  }
  join(problem, [left, right, new Side(problem)], core.slope, incumbent);
  return isBeaten(lost);
}

/** States of some groups. */
class Side {
  states: States;
  readonly groups = new Set<number>();

  constructor({ limits }: Problem) {
    this.states = emptyStates(limits.length);
  }

  get size(): number {
    return this.states.weight.length;
  }
}

function join(problem: Problem, sides: readonly [Side, Side, Side], slope: number, incumbent: Incumbent): void {
  const rest = relax(problem, (group) => !sides.some(({ groups }) => groups.has(group)));
  const middle = cornerOfSlope(rest, slope);
  const last = Math.min(rest.weights.length - 1, middle + cornersAround);
  const [left, right, third] = [sides[0].states, sides[1].states, sides[2].states];
  for (let corner = Math.max(0, middle - cornersAround); corner <= last; corner++)
    for (let k = 0; k < sides[2].size; k++) joinStates({ problem, left, right, third, rest, incumbent }, corner, k);
}

/** Where every step that is steeper has been made. */
function cornerOfSlope({ slopes }: Relaxation, slope: number): number {
  const corner = slopes.findIndex((other) => other <= slope);
  return corner < 0 ? slopes.length - 1 : corner;
}
