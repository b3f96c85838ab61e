import { monotoneCurve } from './monotone-curve.ts';

export interface ReadBetweenOptions {
  /** How many places to compute values at. */
  readonly count: number;
  /** The value at place 0, where it is known beforehand. */
  readonly origin?: number;
  /** @param indices of places, in rising order of these */
  valuesAt(indices: readonly number[]): Promise<readonly number[]>;
}

/**
 * A function that is dear to compute, at many places: computed at a few of them, those nearest to equal distances up to
 * the last, and read between on a monotone curve. A single one is taken from the middle.
 */
export async function readBetween(
  places: readonly number[],
  { count, origin, valuesAt }: ReadBetweenOptions,
): Promise<readonly number[]> {
  const chosen = new Map(
    wantedPlaces(places, count, origin !== undefined).map((wanted) => {
      const index = nearestTo(places, wanted);
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

function wantedPlaces(places: readonly number[], count: number, fromZero: boolean): readonly number[] {
  const [first, last] = [Math.min(...places), Math.max(...places)];
  if (fromZero) return Array.from({ length: count }, (_, i) => ((i + 1) / count) * last);
  if (count === 1) return [(first + last) / 2];
  return Array.from({ length: count }, (_, i) => first + (i / (count - 1)) * (last - first));
}

function nearestTo(places: readonly number[], wanted: number): number {
  let nearest = 0;
  for (const [index, place] of places.entries())
    if (Math.abs(place - wanted) < Math.abs(places[nearest]! - wanted)) nearest = index;
  return nearest;
}
