import { type ChannelAxis, fixedAxis, joinAxes, range } from '../channel-axis.ts';
import type { Axes, Site } from '../site.ts';
import { uniformAlong } from './elementwise.ts';

export function transpose(site: Site): void {
  const input = site.axes(0);
  const order = site.node.ints('perm') ?? range(0, input.length).reverse();
  site.setAxes(
    0,
    order.map((axis) => input[axis]),
  );
}

/** Concat: one list of channels after the other; on other axes channels go together. */
export function concat(site: Site): void {
  const { node } = site;
  const indices = [...node.inputs.keys()];
  const rank = Math.max(...indices.map((index) => site.axes(index).length));
  if (rank <= 0) return;
  const along = node.int('axis', 1) < 0 ? node.int('axis', 1) + rank : node.int('axis', 1);
  site.setAxes(
    0,
    range(0, rank).map((axis) => (axis === along ? joined(site, indices, axis) : together(site, indices, axis))),
  );
}

function joined(site: Site, indices: readonly number[], axis: number): ChannelAxis | undefined {
  const labelled = indices.map((index) => site.axis(index, axis));
  if (labelled.every((part) => part === undefined)) return undefined;
  const parts: ChannelAxis[] = [];
  for (const index of indices) {
    const constant = site.constant(index);
    const size = constant?.dims[axis] ?? site.shape(index)?.[axis];
    const part = site.axis(index, axis) ?? (typeof size === 'number' ? fixedAxis(size) : undefined);
    if (!part) {
      for (const other of labelled)
        site.freeze(other, 'shape-unknown', 'puts them beside an unknown number of channels');
      return undefined;
    }
    parts.push(constant ? { ...part, constants: () => uniformAlong(constant, axis) } : part);
  }
  return joinAxes(parts);
}

/** Channels on an axis along which the inputs are not joined: those of all inputs at once. */
function together(site: Site, indices: readonly number[], axis: number): ChannelAxis | undefined {
  const lead = indices.map((index) => site.axis(index, axis)).find((part) => part !== undefined);
  if (!lead) return undefined;
  for (const index of indices) {
    const part = site.axis(index, axis);
    if (part && part.atoms.length === lead.atoms.length) site.couple(lead.atoms, part.atoms);
    else if (site.constant(index)) site.cut(index, axis, lead);
    else site.freeze(lead, 'fixed-channels', 'joins them with channels that cannot be removed');
  }
  return { atoms: lead.atoms, constants: () => new Float64Array(lead.atoms.length).fill(Number.NaN) };
}

/** Expand and Tile along other axes. */
export function expand(site: Site): void {
  const input = site.axes(0);
  if (input.length === 0) return;
  const repeats = site.data(1);
  const rank = site.node.is('Tile') ? input.length : Math.max(input.length, repeats?.length ?? 0);
  const lead = rank - input.length;
  const output: Axes = range(0, rank).map((axis) => {
    const channels = axis < lead ? undefined : input[axis - lead];
    const repeat = repeats?.[axis - (rank - (repeats?.length ?? 0))];
    if (channels && repeat !== 1 && repeats) site.freeze(channels, 'not-legal', 'names the number of channels');
    return channels;
  });
  if (!repeats) {
    site.freezeInputs('shape-unknown', 'repeats them an unknown number of times');
    return;
  }
  site.setAxes(0, output);
}
