/**
 * The monotone piecewise cubic through points (x, y) of rising x (Fritsch & Carlson 1980): where the points rise or fall
 * the curve does, and it overshoots none of them. Slopes are those of parabolas where that allows. Constant outside.
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

/** Of the parabola through three neighbouring points, within what keeps the curve monotone. */
function slopeAt(i: number, steps: readonly number[], chords: readonly number[]): number {
  const last = chords.length - 1;
  if (last < 1) return chords[0] ?? 0;
  const right = Math.min(Math.max(i, 1), last);
  const [h, k] = [steps[right - 1]!, steps[right]!];
  const [before, after] = [chords[right - 1]!, chords[right]!];
  const bend = (after - before) / (h + k);
  const slope = i < right ? before - h * bend : i > right ? after + k * bend : before + h * bend;
  const sides = [chords[i - 1], chords[i]].filter((chord) => chord !== undefined);
  const most = 3 * Math.min(...sides.map(Math.abs));
  if (sides.some((chord) => chord * slope <= 0)) return 0;
  return Math.sign(slope) * Math.min(Math.abs(slope), most);
}
