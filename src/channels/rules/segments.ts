import type { Dim } from '../../ir/index.ts';
import { range } from '../channel-axis.ts';

/** Axes of the old shape, in order, that become axes of the new one: their products are equal. */
export interface Segment {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * The finest segments between two shapes of as many elements. Equal axes at both ends pair up first, symbols with
 * themselves; in between sizes must be numbers, but for one unknown axis on each side: where the numbers' products are
 * equal, so are these two.
 *
 * @returns undefined where sizes do not tell
 */
export function segmentsOf(before: readonly Dim[], after: readonly Dim[]): readonly Segment[] | undefined {
  let [i, j, p, q] = [0, 0, before.length, after.length];
  const segments: Segment[] = [];
  const tail: Segment[] = [];
  const same = (a: Dim, b: Dim) => a !== undefined && a === b;
  while (i < p && j < q && same(before[i], after[j])) segments.push({ from: [i++], to: [j++] });
  while (i < p && j < q && same(before[p - 1], after[q - 1])) tail.unshift({ from: [--p], to: [--q] });
  const middle = segmentsBetween(before, after, range(i, p), range(j, q));
  return middle && merged([...segments, ...middle, ...tail]);
}

function segmentsBetween(
  before: readonly Dim[],
  after: readonly Dim[],
  from: readonly number[],
  to: readonly number[],
): readonly Segment[] | undefined {
  const unknownFrom = from.filter((axis) => typeof before[axis] !== 'number');
  const unknownTo = to.filter((axis) => typeof after[axis] !== 'number');
  if (unknownFrom.length > 1 || unknownTo.length !== unknownFrom.length) return undefined;
  const product = (axes: readonly number[], dims: readonly Dim[]) =>
    axes.reduce((all, axis) => all * (typeof dims[axis] === 'number' ? (dims[axis] as number) : 1), 1);
  if (product(from, before) !== product(to, after) || product(from, before) === 0) return undefined;
  // The two unknown axes are equal, like a prime number that only they have.
  const prime = 1_000_003;
  const size = (dim: Dim) => (typeof dim === 'number' ? dim : prime);
  const segments: Segment[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const [left, right]: [number[], number[]] = [[], []];
    let [a, b] = [1, 1];
    do {
      if (a <= b && i < from.length) {
        left.push(from[i] as number);
        a *= size(before[from[i++] as number]);
      } else if (j < to.length) {
        right.push(to[j] as number);
        b *= size(after[to[j++] as number]);
      } else if (i < from.length) {
        left.push(from[i] as number);
        a *= size(before[from[i++] as number]);
      } else return undefined;
    } while (a !== b);
    segments.push({ from: left, to: right });
  }
  return segments;
}

/** Axes of length 1 that stand alone belong to the segment before them, or to the first. */
function merged(segments: readonly Segment[]): readonly Segment[] {
  const kept: { from: number[]; to: number[] }[] = [];
  for (const { from, to } of segments) {
    const last = kept.at(-1);
    if (last && (from.length === 0 || to.length === 0)) {
      last.from.push(...from);
      last.to.push(...to);
    } else kept.push({ from: [...from], to: [...to] });
  }
  return kept;
}
