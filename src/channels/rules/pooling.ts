import { type ChannelAxis, range } from '../channel-axis.ts';
import type { Axes, Site } from '../site.ts';
import { blurred } from './matrix.ts';
import { onlySecond, setSecond } from './normalization.ts';

/** Pools, and the Crop of old, see each channel by itself. */
export function pooling(site: Site): void {
  const { node } = site;
  if (node.is('MaxPool') && node.outputs[1]?.uses.size) {
    site.freezeInputs('not-legal', 'gives positions that count channels');
    return;
  }
  const constant =
    node.is('Crop', 'MaxPool', 'GlobalMaxPool', 'GlobalAveragePool') || (node.is('AveragePool') && !countsPads(site));
  site.setAxes(
    0,
    site.axes(0).map((axis, index) => {
      if (index < 2) return axis && (constant ? axis : blurred(axis));
      site.freeze(axis, 'mixes-channels', `slides over axis ${index}`);
      return undefined;
    }),
  );
}

/** Where zeros around the image are averaged in, a constant is lower near the border. */
function countsPads({ node }: Site): boolean {
  if (node.int('count_include_pad', 0) === 0) return false;
  return node.string('auto_pad', 'NOTSET').startsWith('SAME') || (node.ints('pads')?.some((pad) => pad !== 0) ?? false);
}

/** Reductions over other axes; those over channels need them all. */
export function reduction(site: Site): void {
  const { node } = site;
  const input = site.axes(0);
  if (input.length === 0) return;
  const fromInput = node.inputs[1] ? site.numbers(1) : undefined;
  if (node.inputs[1] && !fromInput) {
    site.freezeInputs('shape-unknown', 'reduces over axes that are not known');
    return;
  }
  const given = (fromInput ?? node.ints('axes') ?? []).map((axis) => (axis < 0 ? axis + input.length : axis));
  const none = given.length === 0;
  const axes = none && node.int('noop_with_empty_axes', 0) === 1 ? [] : none ? range(0, input.length) : given;
  reduceAlong(site, axes, node.int('keepdims', 1) === 1, node.is('ReduceMean', 'ReduceMax', 'ReduceMin'));
}

export function argReduction(site: Site): void {
  const axis = site.node.int('axis', 0);
  const rank = site.axes(0).length;
  reduceAlong(site, [axis < 0 ? axis + rank : axis], site.node.int('keepdims', 1) === 1, false);
}

function reduceAlong(site: Site, axes: readonly number[], keepsDims: boolean, keepsConstants: boolean): void {
  const left: (ChannelAxis | undefined)[] = [];
  site.axes(0).forEach((axis, index) => {
    if (axes.includes(index)) {
      site.freeze(axis, 'mixes-channels', 'reduces over channels');
      if (keepsDims) left.push(undefined);
    } else
      left.push(
        axis &&
          (keepsConstants
            ? axis
            : blurred(axis, site.node.is('ReduceSum', 'ReduceSumSquare', 'ReduceL1', 'ReduceL2') ? 0 : Number.NaN)),
      );
  });
  const through: Axes = left;
  site.setAxes(0, through);
}

/** DepthToSpace: a channel of the output is b² of the input. */
export function depthToSpace(site: Site): void {
  const axis = onlySecond(site);
  if (!axis) return;
  const block = site.node.int('blocksize', 1) ** 2;
  const outputs = axis.atoms.length / block;
  const crd = site.node.string('mode', 'DCR') === 'CRD';
  const sources = range(0, outputs).map((c) => range(0, block).map((b) => (crd ? c * block + b : b * outputs + c)));
  for (const channels of sources) site.coupleAll(channels.map((position) => axis.atoms[position] as number));
  setSecond(site, {
    atoms: Int32Array.from(sources, ([first = 0]) => axis.atoms[first] as number),
    constants: (world) => {
      const values = world.of(axis);
      return Float64Array.from(sources, (channels) => common(channels.map((position) => values[position] as number)));
    },
  });
}

/** SpaceToDepth: a channel of the input becomes b² of the output. */
export function spaceToDepth(site: Site): void {
  const axis = onlySecond(site);
  if (!axis) return;
  const block = site.node.int('blocksize', 1) ** 2;
  const { length } = axis.atoms;
  const of = (position: number) => position % length;
  setSecond(site, {
    atoms: Int32Array.from({ length: length * block }, (_, position) => axis.atoms[of(position)] as number),
    constants: (world) => {
      const values = world.of(axis);
      return Float64Array.from({ length: length * block }, (_, position) => values[of(position)] as number);
    },
  });
}

/** What all of them are; NaN where they differ. */
export function common(values: readonly number[]): number {
  const [first = Number.NaN] = values;
  return values.every((value) => value === first) ? first : Number.NaN;
}
