import { type ChannelAxis, pickAxis, range } from '../channel-axis.ts';
import type { Axes, Site } from '../site.ts';

/** Split: each output takes its share; the sizes are written out, since shares need no longer be equal. */
export function split(site: Site): void {
  const { node, opset } = site;
  const input = site.axes(0);
  if (input.length === 0) return;
  const given = node.int('axis', 0);
  const along = given < 0 ? given + input.length : given;
  const channels = input[along];
  const sizes = channels ? sizesOf(site, channels.atoms.length) : undefined;
  if (channels && !sizes) {
    site.freezeInputs('shape-unknown', 'splits into sizes that are not known');
    return;
  }
  let end = 0;
  const parts = node.outputs.map((_, index) => {
    const start = end;
    end += sizes?.[index] ?? 0;
    return range(start, end);
  });
  for (const [index, positions] of parts.entries())
    site.setAxes(
      index,
      input.map((axis, at) => (at === along ? axis && pickAxis(axis, positions) : axis)),
    );
  if (!channels) return;
  const counted = site.countedBy(1);
  site.absorb(1);
  site.edit((surgeon) => {
    if (![channels, ...counted].some((axis) => surgeon.loses(axis))) return;
    const next = parts.map((positions) => surgeon.count(channels, positions[0] ?? 0, (positions.at(-1) ?? -1) + 1));
    if (opset < 13) surgeon.setInts(node, 'split', next);
    else surgeon.setVector(node, 1, next);
    surgeon.removeAttribute(node, 'num_outputs');
  });
}

function sizesOf(site: Site, length: number): readonly number[] | undefined {
  const { node } = site;
  const count = node.outputs.length;
  const given = node.ints('split') ?? (node.inputs[1] ? site.numbers(1) : undefined);
  if (given || node.inputs[1]) return given;
  const size = Math.ceil(length / count);
  return range(0, count).map((i) => Math.max(0, Math.min(size, length - i * size)));
}

/** Slice of channels: what stands between its bounds. Steps other than one stay. */
export function slice(site: Site): void {
  const { node } = site;
  const input = site.axes(0);
  if (input.length === 0) return;
  const asAttributes = node.attributes.has('starts');
  const starts = node.ints('starts') ?? site.data(1);
  const ends = node.ints('ends') ?? site.data(2);
  const axes = node.ints('axes') ?? (node.inputs[3] ? site.numbers(3) : starts && range(0, starts.length));
  const steps = node.inputs[4] ? site.data(4) : undefined;
  if (!starts || !ends || !axes || (node.inputs[4] && !steps)) {
    site.freezeInputs('shape-unknown', 'slices along axes that are not known');
    return;
  }
  for (const index of [1, 2]) site.absorb(index);
  const bounds: { place: number; channels: ChannelAxis; start: number; end: number }[] = [];
  const output: Axes = input.map((channels, axis) => {
    const place = axes.findIndex((at) => (at < 0 ? at + input.length : at) === axis);
    if (!channels || place < 0) return channels;
    const [start, end] = [starts[place], ends[place]];
    if (typeof start !== 'number' || typeof end !== 'number' || (steps && steps[place] !== 1)) {
      site.freeze(channels, 'not-legal', 'slices them with bounds that are not known, or with a step');
      return undefined;
    }
    const clamp = (bound: number) =>
      Math.max(0, Math.min(channels.atoms.length, bound < 0 ? bound + channels.atoms.length : bound));
    bounds.push({ place, channels, start: clamp(start), end: clamp(end) });
    return pickAxis(channels, range(clamp(start), clamp(end)));
  });
  site.setAxes(0, output);
  const counted = [1, 2].flatMap((index) => site.countedBy(index));
  const computed = counted.length > 0;
  const numbers = [starts, ends].every((list) => list.every((item) => typeof item === 'number'));
  if (!asAttributes && !numbers && (computed || bounds.length > 0)) {
    for (const { channels } of bounds) site.freeze(channels, 'shape-computed', 'has bounds computed at run time');
    freezeCounts(site, [1, 2]);
    return;
  }
  if (bounds.length === 0 && !computed) return;
  site.edit((surgeon) => {
    const changed = bounds.some(({ channels }) => surgeon.loses(channels));
    if (!changed && !counted.some((axis) => surgeon.loses(axis))) return;
    const [from, to] = [[...(starts as number[])], [...(ends as number[])]];
    for (const { place, channels, start, end } of bounds) {
      from[place] = surgeon.count(channels, 0, start);
      to[place] = surgeon.count(channels, 0, end);
    }
    if (asAttributes) {
      surgeon.setInts(node, 'starts', from);
      surgeon.setInts(node, 'ends', to);
    } else {
      surgeon.setVector(node, 1, from);
      surgeon.setVector(node, 2, to);
    }
  });
}

/** Counts that would be needed as they are keep their channels. */
export function freezeCounts(site: Site, indices: readonly number[]): void {
  for (const index of indices)
    for (const axis of site.countedBy(index)) site.freeze(axis, 'shape-computed', 'computes with their number');
}

/** Gather of constant indices: the channels that they name, in that order. */
export function gather(site: Site): void {
  const { node } = site;
  const input = site.axes(0);
  if (input.length === 0) {
    site.freezeInputs('mixes-channels', 'uses them as indices');
    return;
  }
  const given = node.int('axis', 0);
  const along = given < 0 ? given + input.length : given;
  const channels = input[along];
  const rank = site.shape(1)?.length;
  if (rank === undefined) {
    site.freezeInputs('shape-unknown', 'gathers by indices of unknown rank');
    return;
  }
  const placed = (picked: readonly (ChannelAxis | undefined)[]) =>
    input.flatMap((axis, at) => (at === along ? picked : [axis]));
  if (!channels) {
    site.setAxes(0, placed(Array.from({ length: rank }, () => undefined)));
    return;
  }
  const indices = site.constant(1)?.numbers();
  if (!indices || rank > 1) {
    site.freeze(channels, 'not-legal', 'gathers them by indices that are no constant list');
    return;
  }
  const { length } = channels.atoms;
  const positions = Array.from(indices, (index) => (index < 0 ? index + length : index));
  const picked = pickAxis(channels, positions);
  // The channel that a single index names is the whole output.
  if (rank === 0) site.freeze(picked, 'fixed-channels', 'picks one of them');
  site.setAxes(0, placed(rank === 0 ? [] : [picked]));
  site.edit((surgeon) => {
    if (!surgeon.loses(channels)) return;
    const kept = surgeon.kept(picked).map((place) => positions[place] as number);
    const moved = kept.map((position) => surgeon.count(channels, 0, position));
    surgeon.setVector(node, 1, moved, rank === 0 ? [] : [moved.length]);
  });
}
