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
  /** Errors and weights are whole multiples of these; 0 when of none. */
  readonly quantum: { readonly error: number; readonly weight: number };
  /** States to keep at most: those of least bound. */
  readonly most: number;
}

export interface Extended {
  readonly states: States;
  /** Least bound of what was left out for `most`; Infinity when nothing was. */
  readonly lost: number;
  /** Sums that were looked at. */
  readonly work: number;
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
  const { problem, states, group, candidates, incumbent, tolerance, most } = extension;
  candidates.clear();
  for (const [at, choice] of problem.groups[group]!.entries()) {
    addShifted(extension, choice, at);
    candidates.ends.push(candidates.count);
  }
  const thin = problem.limits.length === 0;
  const merged = mergeRuns(candidates, thin, extension.equal);
  const worth = merged.filter((at) => candidates.bound[at]! < incumbent.error * (1 - tolerance));
  const front = thin ? worth : dropDominated(extension, worth);
  const work = candidates.count + states.weight.length;
  if (front.length <= most) return { states: gather(extension, front), lost: Number.POSITIVE_INFINITY, work };
  const last = boundsOf(candidates, front).sort()[most]!;
  return { states: gather(extension, keepBest(candidates, front, last, most)), lost: last, work };
}

/** The states are sorted by weight, so the room for the rest only shrinks and its corner only falls. */
function addShifted(extension: Extension, choice: Choice, at: number): void {
  const { problem, states, rest, incumbent, candidates } = extension;
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
    if (isWorth(extension, bound, rest.slopes[corner]!)) candidates.add(nextWeight, nextError, bound, at, state);
  }
}

/**
 * May it still lead to less error than the incumbent's, or to the same error with less weight? Errors are multiples of a
 * quantum, so what is less is less by a quantum; of the same error is at best what saves, at the slope of the relaxation,
 * all that the bound lies below the incumbent.
 */
function isWorth({ problem, incumbent, tolerance, quantum }: Extension, bound: number, slope: number): boolean {
  if (incumbent.chosen === undefined) return true;
  const spare = incumbent.error - bound;
  const noise = tolerance * incumbent.error;
  if (spare <= noise) return false;
  // Sums of whole weights are exact; the limit less a quotient is not, and half a quantum is beyond its rounding.
  return spare >= quantum.error - noise || problem.limit - spare / slope <= incumbent.weight - quantum.weight / 2;
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
const compared = 64;

/** Beside several budgets lighter states may cost more; the front is then only nearly one, which costs time alone. */
function dropDominated({ candidates, problem, states, group }: Extension, sorted: Int32Array): Int32Array {
  const { choice, parent } = candidates;
  const sums = problem.limits.map((_, k) =>
    Float64Array.from(sorted, (at) => states.costs[k]![parent[at]!]! + problem.groups[group]![choice[at]!]!.costs[k]!),
  );
  const columns = [Float64Array.from(sorted, (at) => candidates.error[at]!), ...sums];
  const kept = new Int32Array(sorted.length);
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    let j = count - 1;
    while (j >= Math.max(0, count - compared) && !isNoMore(columns, kept[j]!, i)) j--;
    if (j < Math.max(0, count - compared)) kept[count++] = i;
  }
  return kept.subarray(0, count).map((i) => sorted[i]!);
}

/** Is `a` no more than `b` in every column? */
function isNoMore(columns: readonly Float64Array[], a: number, b: number): boolean {
  for (let k = 0; k < columns.length; k++) if (columns[k]![a]! > columns[k]![b]!) return false;
  return true;
}

function boundsOf({ bound }: Candidates, sorted: Int32Array): Float64Array {
  const bounds = new Float64Array(sorted.length);
  for (let i = 0; i < bounds.length; i++) bounds[i] = bound[sorted[i]!]!;
  return bounds;
}

/** Those of least bound, in the order they stand in; where many are equal, evenly from light to heavy. */
function keepBest({ bound }: Candidates, sorted: Int32Array, last: number, most: number): Int32Array {
  let [below, equal] = [0, 0];
  for (const at of sorted) {
    if (bound[at]! < last) below++;
    else if (bound[at] === last) equal++;
  }
  const share = (most - below) / equal;
  let due = 0;
  return sorted.filter((at) => {
    if (bound[at]! !== last) return bound[at]! < last;
    due += share;
    if (due < 1) return false;
    due--;
    return true;
  });
}

function gather({ problem, states, group, candidates }: Extension, kept: Int32Array): States {
  const choices = problem.groups[group]!;
  const [weight, error] = [new Float64Array(kept.length), new Float64Array(kept.length)];
  const [choice, parent] = [new Int32Array(kept.length), new Int32Array(kept.length)];
  for (let i = 0; i < kept.length; i++) {
    const at = kept[i]!;
    weight[i] = candidates.weight[at]!;
    error[i] = candidates.error[at]!;
    choice[i] = candidates.choice[at]!;
    parent[i] = candidates.parent[at]!;
  }
  const costs = states.costs.map((sums, k) => sumsOf(sums, k));
  return { weight, error, costs, group, choice, parent, before: states };

  function sumsOf(sums: Float64Array, k: number): Float64Array {
    const next = new Float64Array(kept.length);
    for (let i = 0; i < next.length; i++) next[i] = sums[parent[i]!]! + choices[choice[i]!]!.costs[k]!;
    return next;
  }
}
