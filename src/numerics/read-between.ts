import { monotoneCurve } from './monotone-curve.ts';

export interface ReadBetweenOptions {
  /** Where to compute values, as shares of the way from the first place, or from 0 with an origin, to the last. */
  readonly shares: readonly number[];
  /** The value at place 0, where it is known beforehand. */
  readonly origin?: number;
  /** @param indices of places, in rising order of these */
  valuesAt(indices: readonly number[]): Promise<readonly number[]>;
}

/**
 * A function that is dear to compute, at many places: computed at a few of them and read between on a monotone
 * curve.
 */
export async function readBetween(
  places: readonly number[],
  { shares, origin, valuesAt }: ReadBetweenOptions,
): Promise<readonly number[]> {
  const first = origin === undefined ? Math.min(...places) : 0;
  const last = Math.max(...places);
  const chosen = new Map(
    shares.map((share) => {
      const index = nearestTo(places, first + share * (last - first));
      return [places[index]!, index] as const;
    }),
  );
  const knots = [...chosen.entries()].sort(([a], [b]) => a - b);
  const values = await valuesAt(knots.map(([, index]) => index));
  const known = origin === undefined ? [] : [{ place: 0, value: origin }];
  const points = [...known, ...knots.map(([place], i) => ({ place, value: values[i]! }))];
  const curve = monotoneCurve(
    points.map(({ place }) => place),
    points.map(({ value }) => value),
  );
  return places.map(curve);
}

function nearestTo(places: readonly number[], wanted: number): number {
  let nearest = 0;
  for (const [index, place] of places.entries())
    if (Math.abs(place - wanted) < Math.abs(places[nearest]! - wanted)) nearest = index;
  return nearest;
}
