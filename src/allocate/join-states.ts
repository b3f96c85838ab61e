import type { Incumbent } from './incumbent.ts';
import type { Problem } from './problem.ts';
import { chooseCorner, type Relaxation } from './relaxation.ts';
import { chooseState, type States } from './states.ts';

export interface Join {
  readonly problem: Problem;
  /** Of different groups. */
  readonly left: States;
  readonly right: States;
  readonly third: States;
  /** The groups in none of them. */
  readonly rest: Relaxation;
  readonly incumbent: Incumbent;
}

/**
 * The best pair of a left and a right state that fits, with one state of the third and the rest standing at one corner.
 * Along the left states from light to heavy the heaviest right state that fits only becomes lighter, and it is the least
 * wrong of those that fit: |left| + |right| steps for |left|·|right| pairs (Horowitz & Sahni, J. ACM 21 (1974)).
 */
export function joinStates(join: Join, corner: number, k: number): void {
  const { problem, left, right, third, rest, incumbent } = join;
  const [weight, error] = [third.weight[k]! + rest.weights[corner]!, third.error[k]! + rest.errors[corner]!];
  const room = problem.limit - weight;
  let j = right.weight.length - 1;
  for (let i = 0; i < left.weight.length; i++) {
    while (j >= 0 && left.weight[i]! + right.weight[j]! > room) j--;
    if (j < 0) return;
    const sum = left.error[i]! + right.error[j]! + error;
    if (sum > incumbent.error) continue;
    const total = left.weight[i]! + right.weight[j]! + weight;
    if (!incumbent.admits(sum, total) || !fits(join, i, j, k, corner)) continue;
    const chosen = Int32Array.from(problem.steps.first);
    chooseCorner(rest, problem, corner, chosen);
    chooseState(left, i, chosen);
    chooseState(right, j, chosen);
    chooseState(third, k, chosen);
    incumbent.take(sum, total, chosen);
  }
}

function fits({ problem, left, right, third, rest }: Join, i: number, j: number, k: number, corner: number): boolean {
  return problem.limits.every(
    (limit, b) => left.costs[b]![i]! + right.costs[b]![j]! + third.costs[b]![k]! + rest.costs[b]![corner]! <= limit,
  );
}
