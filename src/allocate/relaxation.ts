import type { Problem } from './problem.ts';

/**
 * The linear relaxation of some of the groups, for every limit at once: the least error as a convex, piecewise linear
 * function of the weight. At its corners every group stands at one choice, between them one group is divided.
 */
export interface Relaxation {
  /** The steps of these groups, as positions in the steps of all. int32[corners − 1] */
  readonly steps: Int32Array;
  /** Weight and error at each corner, the lightest first. float64[corners] */
  readonly weights: Float64Array;
  readonly errors: Float64Array;
  /** Error saved for each unit of weight after each corner, 0 after the last. float64[corners] */
  readonly slopes: Float64Array;
  /** Costs at each corner, budget by budget; none where the weight is the only cost. */
  readonly costs: readonly Float64Array[];
  /** The least that the groups can cost, budget by budget. */
  readonly leastCosts: readonly number[];
}

/**
 * Errors are summed from the far end, where they are least: each is then a sum of amounts ≥ 0 and accurate to n·ε of
 * itself, however wrong the lightest choices are.
 *
 * @param within which groups
 */
export function relax(problem: Problem, within: (group: number) => boolean): Relaxation {
  const { groups, steps: all, limits } = problem;
  const members = [...groups.keys()].filter(within);
  const isMember = new Uint8Array(groups.length);
  for (const group of members) isMember[group] = 1;
  const steps = positionsWhere(all.group, isMember);
  const corners = steps.length + 1;
  const [weights, errors, slopes] = [new Float64Array(corners), new Float64Array(corners), new Float64Array(corners)];
  for (const group of members) {
    weights[0]! += groups[group]![all.first[group]!]!.weight;
    errors[corners - 1]! += all.leastError[group]!;
  }
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at]!;
    weights[at + 1] = weights[at]! + all.weight[step]!;
    slopes[at] = all.error[step]! / all.weight[step]!;
  }
  for (let at = corners - 2; at >= 0; at--) errors[at] = errors[at + 1]! + all.error[steps[at]!]!;
  return {
    steps,
    weights,
    errors,
    slopes,
    costs: limits.map((_, k) => costsAtCorners(problem, members, steps, k)),
    leastCosts: limits.map((_, k) => members.reduce((sum, group) => sum + problem.leastCosts[k]![group]!, 0)),
  };
}

function positionsWhere(group: Int32Array, isMember: Uint8Array): Int32Array {
  const positions = new Int32Array(group.length);
  let count = 0;
  for (let at = 0; at < group.length; at++) if (isMember[group[at]!]) positions[count++] = at;
  return positions.subarray(0, count);
}

function costsAtCorners(
  { groups, steps: all }: Problem,
  members: readonly number[],
  steps: Int32Array,
  k: number,
): Float64Array {
  const at = Int32Array.from(all.first);
  const costs = new Float64Array(steps.length + 1);
  costs[0] = members.reduce((sum, group) => sum + groups[group]![at[group]!]!.costs[k]!, 0);
  for (const [corner, step] of steps.entries()) {
    const [group, to] = [all.group[step]!, all.to[step]!];
    costs[corner + 1] = costs[corner]! + groups[group]![to]!.costs[k]! - groups[group]![at[group]!]!.costs[k]!;
    at[group] = to;
  }
  return costs;
}

/** The last corner that is no heavier than `room`; −1 when even the first is. */
export function cornerWithin({ weights }: Relaxation, room: number): number {
  let [low, high] = [0, weights.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (weights[middle]! <= room) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Least error of the relaxation within `room`, which reaches from `corner` at most to the next. */
export function boundWithin({ weights, errors, slopes }: Relaxation, corner: number, room: number): number {
  return errors[corner]! - slopes[corner]! * (room - weights[corner]!);
}

/** Writes into `chosen` where the groups stand at a corner. */
export function chooseCorner({ steps }: Relaxation, problem: Problem, corner: number, chosen: Int32Array): void {
  const { group, to } = problem.steps;
  for (const step of steps.subarray(0, corner)) chosen[group[step]!] = to[step]!;
}
