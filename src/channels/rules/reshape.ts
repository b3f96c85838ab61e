import type { Dim } from '../../ir/index.ts';
import { type ChannelAxis, range } from '../channel-axis.ts';
import type { Axes, Site } from '../site.ts';
import { freezeCounts } from './movement.ts';
import { common } from './pooling.ts';
import { type Segment, segmentsOf } from './segments.ts';

/**
 * Reshape moves no element, so a list of axes becomes another list of the same product (a segment), and every position of
 * the new axes is known to be a certain channel.
 */
export function reshape(site: Site): void {
  if (!site.hasChannels(0)) return;
  const [before, after] = [site.shape(0), site.outputShape(0)];
  const segments = before && after && segmentsOf(before, after);
  if (!segments || !after) {
    freezeCounts(site, [1]);
    site.freezeInputs('shape-unknown', 'gives them a shape that is not known');
    return;
  }
  const output = regrouped(site, segments, before, after);
  site.setAxes(0, output);
  editTarget(site, before, after, output);
}

/** Flatten merges the axes before `axis`, and the others. */
export function flatten(site: Site): void {
  const before = site.shape(0);
  if (!site.hasChannels(0)) return;
  if (!before) {
    site.freezeInputs('shape-unknown', 'flattens a tensor of unknown rank');
    return;
  }
  const given = site.node.int('axis', 1);
  const axis = given < 0 ? given + before.length : given;
  const segments = [
    { from: range(0, axis), to: [0] },
    { from: range(axis, before.length), to: [1] },
  ];
  site.setAxes(0, regrouped(site, segments, before, [undefined, undefined]));
}

/** Squeeze and Unsqueeze drop and insert axes of length 1. */
export function squeeze(site: Site): void {
  const input = site.axes(0);
  if (input.length === 0) return;
  const given = axesOf(site);
  const sizes = site.shape(0);
  const axes = given ?? sizes?.flatMap((size, axis) => (size === 1 ? [axis] : []));
  if (!axes) {
    site.freezeInputs('shape-unknown', 'drops axes that are not known');
    return;
  }
  const gone = new Set(axes.map((axis) => (axis < 0 ? axis + input.length : axis)));
  for (const axis of gone) site.freeze(input[axis], 'fixed-channels', 'drops the axis of the only one');
  site.setAxes(
    0,
    input.filter((_, axis) => !gone.has(axis)),
  );
}

export function unsqueeze(site: Site): void {
  const input = site.axes(0);
  if (input.length === 0) return;
  const axes = axesOf(site);
  if (!axes) {
    site.freezeInputs('shape-unknown', 'inserts axes that are not known');
    return;
  }
  const rank = input.length + axes.length;
  const made = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = [...input];
  site.setAxes(
    0,
    range(0, rank).map((axis) => (made.has(axis) ? undefined : rest.shift())),
  );
}

function axesOf(site: Site): readonly number[] | undefined {
  return site.node.ints('axes') ?? (site.node.inputs[1] ? site.numbers(1) : undefined);
}

function regrouped(
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
    return flat.every((channel, i) => {
      const coordinate = coordinateOf(i, dims, place);
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

function coordinateOf(position: number, dims: readonly number[], place: number): number {
  const inner = dims.slice(place + 1).reduce((product, dim) => product * dim, 1);
  return Math.floor(position / inner) % (dims[place] ?? 1);
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
  for (let i = 0; i < flat.length; i++) {
    const list = members[coordinateOf(i, dims, place)] as number[];
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

/**
 * The target shape when channels go: numbers are replaced by the new count; 0 and −1 follow by themselves. A target that
 * is computed becomes constant if it can be written as one: what is not known must be an axis that 0 copies, or one −1.
 */
function editTarget(site: Site, before: readonly Dim[], after: readonly Dim[], output: Axes): void {
  const { node } = site;
  const target = site.data(1);
  const counted = site.countedBy(1);
  const computed = counted.length > 0;
  const literalZero = node.int('allowzero', 0) !== 0;
  const follows = (place: number) =>
    target?.[place] === -1 ||
    (target?.[place] === 0 && !literalZero && site.axis(0, place)?.atoms.length === output[place]?.atoms.length);
  site.absorb(1);
  if (!computed && output.every((axis, place) => !axis || follows(place))) return;
  const next = after.map((size, place) => {
    if (output[place]) return undefined;
    const given = computed ? undefined : target?.[place];
    if (typeof given === 'number') return given;
    return typeof size === 'number' ? size : copies(before, after, place) && !literalZero ? 0 : -1;
  });
  const changing = [...site.axes(0), ...output, ...counted];
  if (next.filter((size) => size === -1).length > 1) {
    for (const axis of changing) site.freeze(axis, 'shape-computed', 'has a target shape computed at run time');
    return;
  }
  site.edit((surgeon) => {
    if (!changing.some((axis) => surgeon.loses(axis))) return;
    const sizes = next.map((size, place) => size ?? surgeon.count(output[place] as ChannelAxis));
    surgeon.setVector(node, 1, sizes);
  });
}

/** Whether an axis of unknown size is that of the input at the same place. */
function copies(before: readonly Dim[], after: readonly Dim[], place: number): boolean {
  return typeof after[place] === 'string' && before[place] === after[place];
}
