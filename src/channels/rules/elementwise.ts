import { type ChannelAxis, mapAxis, range } from '../channel-axis.ts';
import type { Constant } from '../constant.ts';
import type { Site } from '../site.ts';
import { type ScalarFunction, scalarFunction } from './scalar-functions.ts';

/** Clip's bounds, Dropout's ratio and the like are one number each. */
const oneTensor = ['Clip', 'Dropout', 'CastLike', 'Cast'];

/**
 * Element-wise operators with broadcasting: channels that stand at the same place go together, constants of one number
 * per channel are cut along, and one number for all goes through.
 */
export function elementwise(site: Site): void {
  const { node } = site;
  const compute = scalarFunction(node);
  if (node.attributes.has('axis') || node.attributes.has('broadcast')) {
    site.freezeInputs('not-legal', 'broadcasts as opsets before 7 did');
    return;
  }
  const indices = [...node.inputs.keys()].filter((index) => node.inputs[index]);
  const shapes = indices.map((index) => site.shape(index) ?? site.constant(index)?.dims);
  if (indices.length === 1 || oneTensor.includes(node.opType)) {
    unary(site, compute);
    return;
  }
  if (shapes.some((shape) => !shape)) {
    site.freezeInputs('shape-unknown', 'joins them with a tensor of unknown rank');
    return;
  }
  const ranks = shapes.map((shape) => shape?.length ?? 0);
  const rank = Math.max(...ranks);
  const axes = range(0, rank).map((axis) => {
    const operands = indices.map((index, i) => ({ index, at: axis - rank + (ranks[i] as number) }));
    return broadcastAxis(site, operands, compute);
  });
  site.setAxes(0, axes);
}

/** One tensor; Clip has bounds beside it. A mask that a Dropout returns has the same channels. */
function unary(site: Site, compute: ScalarFunction): void {
  const bounds = site.node.is('Clip') ? site.node.inputs.slice(1) : [];
  const others = bounds.map((value, i) => (value ? (site.constant(i + 1)?.numbers()[0] ?? Number.NaN) : undefined));
  const axes = site.axes(0).map((axis) => axis && mapAxis(axis, (x) => compute(x, ...(others as number[]))));
  for (const index of site.node.outputs.keys()) site.setAxes(index, axes);
}

interface Operand {
  /** Among the inputs. */
  readonly index: number;
  /** The operand's own axis; negative where it has none. */
  readonly at: number;
}

/** What the operands come to along one axis of the output; undefined where no operand has channels there. */
function broadcastAxis(site: Site, operands: readonly Operand[], compute: ScalarFunction): ChannelAxis | undefined {
  const labelled = operands.map(({ index, at }) => (at < 0 ? undefined : site.axis(index, at)));
  const lengths = labelled.map((axis) => axis?.atoms.length ?? 0);
  const length = Math.max(...lengths);
  if (length === 0) return undefined;
  const [lead] = labelled.filter((axis) => axis?.atoms.length === length);
  if (!lead) return undefined;
  const parts = operands.map((operand, i) => {
    const axis = labelled[i];
    if (axis) return axis.atoms.length === length ? axis : spreadChannel(site, axis);
    return constantPart(site, operand, length) ?? fixedPart(site, operand, length, lead);
  });
  for (const axis of labelled)
    if (axis && axis !== lead && axis.atoms.length === length) site.couple(lead.atoms, axis.atoms);
  for (const [i, { index, at }] of operands.entries())
    if (!labelled[i] && at >= 0 && site.constant(index)?.dims[at] === length && length > 1) site.cut(index, at, lead);
  return {
    atoms: lead.atoms,
    constants: (world) => {
      const values = parts.map((part) => (typeof part === 'function' ? part() : world.of(part)));
      return Float64Array.from(lead.atoms, (_, position) =>
        compute(...values.map((value) => (value.length === 1 ? (value[0] as number) : (value[position] as number)))),
      );
    },
  };
}

/** One channel that is read beside each of many: it never goes. */
function spreadChannel(site: Site, axis: ChannelAxis): ChannelAxis {
  site.freeze(axis, 'fixed-channels', 'repeats one channel beside many');
  return axis;
}

/** What a constant adds at each channel, where it is one number over all other axes. */
function constantPart(site: Site, { index, at }: Operand, length: number): (() => Float64Array) | undefined {
  const constant = site.constant(index);
  if (!constant) return undefined;
  const size = at < 0 ? 1 : (constant.dims[at] ?? 1);
  return size === 1 || size === length ? () => uniformAlong(constant, at < 0 ? undefined : at) : undefined;
}

/** Per position of the axis the one number that the rest of the constant holds; NaN where it holds several. */
export function uniformAlong({ dims, numbers }: Constant, axis: number | undefined): Float64Array {
  const data = numbers();
  const size = axis === undefined ? 1 : (dims[axis] ?? 1);
  const inner = axis === undefined ? data.length : dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const found = new Float64Array(size);
  const seen = new Uint8Array(size);
  for (let i = 0; i < data.length; i++) {
    const position = Math.floor(i / inner) % size;
    if (seen[position] && found[position] !== data[i]) found[position] = Number.NaN;
    else found[position] = data[i] as number;
    seen[position] = 1;
  }
  return found;
}

/** An operand that is neither constant nor has channels: it must be the same for all of them. */
function fixedPart(site: Site, { index, at }: Operand, length: number, lead: ChannelAxis): () => Float64Array {
  const size = at < 0 ? 1 : site.shape(index)?.[at];
  if (size !== 1 || length === 1) {
    const unknown = typeof size !== 'number';
    site.freeze(
      lead,
      unknown ? 'shape-unknown' : 'fixed-channels',
      unknown ? 'joins them with an axis of unknown size' : 'joins them with channels that cannot be removed',
    );
  }
  return () => Float64Array.of(Number.NaN);
}
