/** What something costs and how bad it is: less of both is better. */
export interface Rated {
  readonly cost: number;
  readonly loss: number;
}

/**
 * Marks the Pareto frontier: those that no other one beats, by being at least as good in both and better in one.
 *
 * @param rated undefined for what is not known, which is never marked
 */
export function paretoFrontier(rated: readonly (Rated | undefined)[]): readonly boolean[] {
  return rated.map((one) => one !== undefined && !rated.some((other) => other !== undefined && beats(other, one)));
}

function beats(a: Rated, b: Rated): boolean {
  return a.cost <= b.cost && a.loss <= b.loss && (a.cost < b.cost || a.loss < b.loss);
}
