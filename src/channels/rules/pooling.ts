import { blurred, type ChannelAxis, range } from '../channel-axis.ts';
import type { Axes, Site } from '../site.ts';

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
