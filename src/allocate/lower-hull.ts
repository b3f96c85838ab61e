import type { Choice } from './choice.ts';

type Weighed = Pick<Choice, 'weight' | 'error'>;

/**
 * Positions of the lower left hull, strictly rising in weight and falling in error (Andrew's monotone chain): what some price
 * of the weight makes the cheapest.
 *
 * @param choices sorted by weight
 */
export function lowerHull(choices: readonly Weighed[]): readonly number[] {
  const hull: number[] = [];
  for (const [at, choice] of choices.entries()) {
    const last = hull.at(-1);
    if (last !== undefined && choice.error >= choices[last]!.error) continue;
    while (hull.length > 1 && isAbove(choices[hull.at(-2)!]!, choices[hull.at(-1)!]!, choice)) hull.pop();
    hull.push(at);
  }
  return hull;
}

/** Is `middle` on or above the line from `left` to `right`? Then its slope is no steeper than that of what follows. */
function isAbove(left: Weighed, middle: Weighed, right: Weighed): boolean {
  const before = (left.error - middle.error) / (middle.weight - left.weight);
  return before <= (middle.error - right.error) / (right.weight - middle.weight);
}
