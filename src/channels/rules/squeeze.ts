import { range } from '../channel-axis.ts';
import type { Site } from '../site.ts';

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
