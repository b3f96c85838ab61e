import type { Incumbent } from './incumbent.ts';
import type { Problem } from './problem.ts';
import { chooseCorner, type Relaxation } from './relaxation.ts';
import { chooseState, type States } from './states.ts';

export interface Join {
  readonly problem: Problem;
  /** Of different groups. Beside several budgets `right` has chosen nothing. */
  readonly left: States;
  readonly right: States;
  /** The groups in neither. */
  readonly rest: Relaxation;
  readonly incumbent: Incumbent;
}

/**
 * The best pair of states that fits, with the rest standing at one corner. Along the left states from light to heavy the
 * heaviest right state that fits only becomes lighter, and it is the least wrong of those that fit: |left| + |right| steps
 * for |left|·|right| pairs (Horowitz & Sahni, J. ACM 21 (1974)).
 */
export function joinStates(join: Join, corner: number): void {
  const { problem, left, right, rest, incumbent } = join;
  const room = problem.limit - rest.weights[corner]!;
  let j = right.weight.length - 1;
  for (let i = 0; i < left.weight.length; i++) {
    while (j >= 0 && left.weight[i]! + right.weight[j]! > room) j--;
    if (j < 0) return;
    const error = left.error[i]! + right.error[j]! + rest.errors[corner]!;
    const weight = left.weight[i]! + right.weight[j]! + rest.weights[corner]!;
    if (!incumbent.admits(error, weight) || !fits(join, i, j, corner)) continue;
    const chosen = Int32Array.from(problem.steps.first);
    chooseCorner(rest, problem, corner, chosen);
    chooseState(left, i, chosen);
    chooseState(right, j, chosen);
    incumbent.take(error, weight, chosen);
  }
}

function fits({ problem: { limits }, left, right, rest }: Join, i: number, j: number, corner: number): boolean {
  return limits.every((limit, k) => left.costs[k]![i]! + right.costs[k]![j]! + rest.costs[k]![corner]! <= limit);
}
