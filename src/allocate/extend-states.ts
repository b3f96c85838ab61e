import type { Candidates } from './candidates.ts';
import type { Choice } from './choice.ts';
import type { Incumbent } from './incumbent.ts';
import { mergeRuns } from './merge-runs.ts';
import type { Problem } from './problem.ts';
import { boundWithin, chooseCorner, type Relaxation } from './relaxation.ts';
import { chooseState, type States } from './states.ts';

export interface Extension {
  readonly problem: Problem;
  readonly states: States;
  /** The group to choose in next, and the relaxation of all groups that the states have not chosen in after that. */
  readonly group: number;
  readonly rest: Relaxation;
  readonly incumbent: Incumbent;
  /** Scratch. */
  readonly candidates: Candidates;
  /** What rounding may do to a bound, relative to it. */
  readonly tolerance: number;
  /** Errors that differ by no more are equal. */
  readonly equal: number;
  /** States to keep at most: those of least bound. */
  readonly most: number;
}

export interface Extended {
  readonly states: States;
  /** Least bound of what was left out for `most`; Infinity when nothing was. */
  readonly lost: number;
}

/**
 * Every choice of one more group added to every state. What is kept fits, can still be completed to less than the
 * incumbent by the relaxation of the rest, and is dominated by none. On the way each state is completed by the nearest
 * corner of the relaxation that fits, and the best of these may become the incumbent.
 *
 * Among allocations of equal error the lightest is not lost with the bound: where it equals the incumbent's error and
 * the relaxation still slopes, only the full limit would do as well; where it is flat, the corner is the lightest.
 */
export function extendStates(extension: Extension): Extended {
  const { problem, group, candidates, incumbent, tolerance, most } = extension;
  candidates.clear();
  for (const [at, choice] of problem.groups[group]!.entries()) {
    addShifted(extension, choice, at);
    candidates.ends.push(candidates.count);
  }
  const thin = problem.limits.length === 0;
  const merged = mergeRuns(candidates, thin, extension.equal);
  const worth = merged.filter((at) => candidates.bound[at]! < incumbent.error * (1 - tolerance));
  const front = thin ? worth : dropDominated(extension, worth);
  if (front.length <= most) return { states: gather(extension, front), lost: Number.POSITIVE_INFINITY };
  const last = Float64Array.from(front, (at) => candidates.bound[at]!).sort()[most]!;
  return { states: gather(extension, keepBest(candidates, front, last)), lost: last };
}

/** The states are sorted by weight, so the room for the rest only shrinks and its corner only falls. */
function addShifted(extension: Extension, choice: Choice, at: number): void {
  const { problem, states, rest, incumbent, candidates, tolerance } = extension;
  const { weight, error, parent } = states;
  let corner = rest.weights.length - 1;
  for (let state = 0; state < parent.length; state++) {
    const nextWeight = weight[state]! + choice.weight;
    const room = problem.limit - nextWeight;
    while (corner >= 0 && rest.weights[corner]! > room) corner--;
    if (corner < 0) return;
    const nextError = error[state]! + choice.error;
    const bound = nextError + boundWithin(rest, corner, room);
    if (bound > incumbent.error) continue;
    if (!leavesEnough(extension, choice, state)) continue;
    offerCorner(extension, choice, at, state, corner);
    if (bound < incumbent.error * (1 - tolerance)) candidates.add(nextWeight, nextError, bound, at, state);
  }
}

/** Do the cheapest choices of the rest still fit, budget by budget? */
function leavesEnough({ problem: { limits }, states, rest }: Extension, choice: Choice, state: number): boolean {
  for (let k = 0; k < limits.length; k++)
    if (states.costs[k]![state]! + choice.costs[k]! + rest.leastCosts[k]! > limits[k]!) return false;
  return true;
}

/** Corners to go back at most for one that fits all budgets. */
const cornersTried = 8;

function offerCorner(extension: Extension, choice: Choice, at: number, state: number, corner: number): void {
  const { problem, states, group, rest, incumbent } = extension;
  for (let tried = corner; tried >= 0 && tried > corner - cornersTried; tried--) {
    const error = states.error[state]! + choice.error + rest.errors[tried]!;
    const weight = states.weight[state]! + choice.weight + rest.weights[tried]!;
    if (!incumbent.admits(error, weight)) return;
    if (!fits(extension, choice, state, tried)) continue;
    const chosen = Int32Array.from(problem.steps.first);
    chooseCorner(rest, problem, tried, chosen);
    chooseState(states, state, chosen);
    chosen[group] = at;
    incumbent.take(error, weight, chosen);
    return;
  }
}

function fits(
  { problem: { limits }, states, rest }: Extension,
  choice: Choice,
  state: number,
  corner: number,
): boolean {
  for (let k = 0; k < limits.length; k++)
    if (states.costs[k]![state]! + choice.costs[k]! + rest.costs[k]![corner]! > limits[k]!) return false;
  return true;
}

/** How many of the states before it each is compared with. */
const compared = 256;

function dropDominated(extension: Extension, sorted: Int32Array): Int32Array {
  const { candidates, problem, states, group } = extension;
  const { error, choice, parent } = candidates;
  const sums = problem.limits.map((_, k) =>
    Float64Array.from(sorted, (at) => states.costs[k]![parent[at]!]! + problem.groups[group]![choice[at]!]!.costs[k]!),
  );
  const kept = new Int32Array(sorted.length);
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    let dominated = false;
    for (let j = count - 1; j >= 0 && j >= count - compared && !dominated; j--) {
      const other = kept[j]!;
      dominated = error[sorted[other]!]! <= error[sorted[i]!]! && sums.every((sum) => sum[other]! <= sum[i]!);
    }
    if (!dominated) kept[count++] = i;
  }
  return kept.subarray(0, count).map((i) => sorted[i]!);
}

/** Those of a bound below `last`, in the order they stand in. */
function keepBest({ bound }: Candidates, sorted: Int32Array, last: number): Int32Array {
  return sorted.filter((at) => bound[at]! < last);
}

function gather({ problem, states, group, candidates }: Extension, kept: Int32Array): States {
  const choices = problem.groups[group]!;
  const choice = kept.map((at) => candidates.choice[at]!);
  const parent = kept.map((at) => candidates.parent[at]!);
  return {
    weight: Float64Array.from(kept, (at) => candidates.weight[at]!),
    error: Float64Array.from(kept, (at) => candidates.error[at]!),
    costs: states.costs.map((sums, k) =>
      Float64Array.from(kept, (_, i) => sums[parent[i]!]! + choices[choice[i]!]!.costs[k]!),
    ),
    group,
    choice,
    parent,
    before: states,
  };
}
