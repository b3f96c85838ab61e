import type { Dim } from '../../ir/index.ts';
import { type ChannelAxis, range } from '../channel-axis.ts';
import type { Axes, Site } from '../site.ts';
import { regrouped } from './regroup.ts';
import { segmentsOf } from './segments.ts';
import { freezeCounts } from './slicing.ts';

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
