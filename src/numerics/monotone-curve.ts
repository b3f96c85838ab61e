/**
 * The monotone piecewise cubic through points (x, y) of rising x (Fritsch & Carlson 1980, with the slopes of Fritsch &
 * Butland 1984): where the points rise or fall the curve does, and it overshoots none of them. Constant outside.
 */
export function monotoneCurve(x: readonly number[], y: readonly number[]): (at: number) => number {
  if (x.length === 0 || x.length !== y.length) throw new RangeError(`${x.length} places and ${y.length} values`);
  const steps = x.slice(1).map((next, i) => next - x[i]!);
  if (steps.some((step) => !(step > 0))) throw new RangeError('the places of a curve must rise');
  const chords = steps.map((step, i) => (y[i + 1]! - y[i]!) / step);
  const slopes = x.map((_, i) => slopeAt(i, steps, chords));
  return (at) => {
    const end = x.findIndex((place) => place >= at);
    if (end < 0) return y.at(-1)!;
    if (end === 0) return y[0]!;
    const i = end - 1;
    const step = steps[i]!;
    const t = (at - x[i]!) / step;
    const rise = y[end]! - y[i]!;
    return y[i]! + t * t * (3 - 2 * t) * rise + step * t * (1 - t) * ((1 - t) * slopes[i]! - t * slopes[end]!);
  };
}

/** A weighted harmonic mean of the chords on both sides, 0 at a turn; at an end the only chord. */
function slopeAt(i: number, steps: readonly number[], chords: readonly number[]): number {
  const [before, after] = [chords[i - 1], chords[i]];
  if (before === undefined || after === undefined) return before ?? after ?? 0;
  if (before * after <= 0) return 0;
  const [a, b] = [2 * steps[i]! + steps[i - 1]!, steps[i]! + 2 * steps[i - 1]!];
  return (a + b) / (a / before + b / after);
}
