import type { Dim } from '../../ir/index.ts';
import { type ChannelAxis, common, range } from '../channel-axis.ts';
import type { Site } from '../site.ts';
import type { Segment } from './segments.ts';

/** The channels of the new axes, when the old ones are grouped as the segments say. */
export function regrouped(
  site: Site,
  segments: readonly Segment[],
  before: readonly Dim[],
  after: readonly Dim[],
): (ChannelAxis | undefined)[] {
  const output: (ChannelAxis | undefined)[] = after.map(() => undefined);
  for (const segment of segments) {
    const labelled = segment.from.filter((axis) => site.axis(0, axis));
    const [at] = labelled;
    if (at === undefined) continue;
    if (labelled.length > 1)
      for (const axis of labelled) site.freeze(site.axis(0, axis), 'not-legal', 'merges two axes of channels');
    else regroup(site, segment, at, before, after, output);
  }
  return output;
}

/** Puts the channels of axis `at` on one of the new axes of a segment. */
function regroup(
  site: Site,
  { from, to }: Segment,
  at: number,
  before: readonly Dim[],
  after: readonly Dim[],
  output: (ChannelAxis | undefined)[],
): void {
  const channels = site.axis(0, at);
  if (!channels) return;
  const trivial = from.length === 1 && to.length === 1;
  const inner = trivial ? 1 : sizeOf(from.slice(from.indexOf(at) + 1), before);
  const total = trivial ? channels.atoms.length : sizeOf(from, before);
  if (Number.isNaN(total) || total === 0) {
    site.freeze(channels, 'shape-unknown', 'merges them with an axis of unknown size');
    return;
  }
  const flat = Int32Array.from({ length: total }, (_, i) => Math.floor(i / inner) % channels.atoms.length);
  const target = to.length === 1 ? to[0] : chooseAxis(site, flat, to, after);
  if (target === undefined) {
    site.freeze(channels, 'fixed-channels', 'drops the axis of the only one');
    return;
  }
  const dims = to.length === 1 ? [total] : to.map((axis) => after[axis] as number);
  output[target] = spread(site, channels, flat, dims, to.indexOf(target));
}

/** The product of some dims; NaN where one is not known. */
function sizeOf(axes: readonly number[], dims: readonly Dim[]): number {
  return axes.reduce((product, axis) => {
    const size = dims[axis];
    return typeof size === 'number' ? product * size : Number.NaN;
  }, 1);
}

/**
 * Which of several new axes shows the channels. One that shows them as they are, if there is one; otherwise, of a split
 * axis, the longest where a Transpose follows, the last of equals (channel shuffle: C → g × C/g), else the first (a vector
 * becomes C × H × W).
 */
function chooseAxis(site: Site, flat: Int32Array, to: readonly number[], after: readonly Dim[]): number | undefined {
  const dims = to.map((axis) => after[axis] as number);
  const faithful = to.find((_, place) => {
    const seen = new Map<number, number>();
    const coordinateOf = coordinateAlong(dims, place);
    return flat.every((channel, i) => {
      const coordinate = coordinateOf(i);
      const known = seen.get(coordinate) ?? channel;
      seen.set(coordinate, known);
      return known === channel;
    });
  });
  if (faithful !== undefined) return faithful;
  const long = to.filter((axis) => after[axis] !== 1);
  const longest = Math.max(...long.map((axis) => after[axis] as number));
  return site.isReadBy(0, 'Transpose') ? long.findLast((axis) => after[axis] === longest) : long[0];
}

/** Where a row-major position stands along one of the axes. */
function coordinateAlong(dims: readonly number[], place: number): (position: number) => number {
  const inner = dims.slice(place + 1).reduce((product, dim) => product * dim, 1);
  const size = dims[place] ?? 1;
  return (position) => Math.floor(position / inner) % size;
}

/** The channels along one of the new axes: those that share a coordinate go together. */
function spread(
  site: Site,
  channels: ChannelAxis,
  flat: Int32Array,
  dims: readonly number[],
  place: number,
): ChannelAxis {
  const length = dims[place] ?? 1;
  const members: number[][] = range(0, length).map(() => []);
  const coordinateOf = coordinateAlong(dims, place);
  for (let i = 0; i < flat.length; i++) {
    const list = members[coordinateOf(i)] as number[];
    const channel = flat[i] as number;
    if (list.at(-1) !== channel) list.push(channel);
  }
  for (const list of members) site.coupleAll(list.map((channel) => channels.atoms[channel] as number));
  return {
    atoms: Int32Array.from(members, ([first = 0]) => channels.atoms[first] as number),
    constants: (world) => {
      const values = world.of(channels);
      return Float64Array.from(members, (list) => common(list.map((channel) => values[channel] as number)));
    },
  };
}
