import { blurred, type ChannelAxis, range } from '../channel-axis.ts';
import type { Axes, Site } from '../site.ts';

/** BatchNormalization: four numbers per channel; a constant channel stays constant. */
export function batchNormalization(site: Site): void {
  const { node } = site;
  const axis = onlySecond(site);
  if (!axis) return;
  const constants = [1, 2, 3, 4].map((index) => site.constant(index));
  const [scale, shift, mean, variance] = constants;
  const others = node.outputs.slice(1).some((value) => value && value.uses.size > 0);
  if (node.int('training_mode', 0) !== 0 || node.int('spatial', 1) !== 1 || others) {
    site.freeze(axis, 'not-legal', 'is not in its inference form');
    return;
  }
  if (!scale || !shift || !mean || !variance) {
    site.freeze(axis, 'weight-not-constant', 'has statistics computed at run time');
    return;
  }
  for (const index of [1, 2, 3, 4]) site.cut(index, 0, axis);
  const epsilon = node.float('epsilon', 1e-5);
  setSecond(site, {
    atoms: axis.atoms,
    constants: (world) => {
      const [a, b, m, v] = [scale.numbers(), shift.numbers(), mean.numbers(), variance.numbers()];
      return world.of(axis).map((x, c) => {
        const factor = (a[c] as number) / Math.sqrt((v[c] as number) + epsilon);
        return factor === 0 ? (b[c] as number) : (x - (m[c] as number)) * factor + (b[c] as number);
      });
    },
  });
}

/** InstanceNormalization: each channel by itself; zeros become its shift, any other constant that and rounding noise. */
export function instanceNormalization(site: Site): void {
  const axis = onlySecond(site);
  if (!axis) return;
  const [scale, shift] = [site.constant(1), site.constant(2)];
  if (!scale || !shift) {
    site.freeze(axis, 'weight-not-constant', 'has a scale computed at run time');
    return;
  }
  site.cut(1, 0, axis);
  site.cut(2, 0, axis);
  setSecond(site, {
    atoms: axis.atoms,
    constants: (world) => {
      const [a, b] = [scale.numbers(), shift.numbers()];
      return world.of(axis).map((x, c) => (x === 0 || a[c] === 0 ? (b[c] as number) : Number.NaN));
    },
  });
}

/** Softmax, norms, sorting: what stands along some axes is read together; channels on other axes go through. */
export function mixesAlong(mixed: (site: Site, rank: number) => readonly number[] | undefined) {
  return (site: Site): void => {
    const rank = site.axes(0).length;
    const axes = mixed(site, rank)?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? range(0, rank);
    const through: Axes = site.axes(0).map((axis, index) => {
      if (!axes.includes(index)) return axis && blurred(axis, Number.NaN);
      site.freeze(axis, 'mixes-channels', 'reads all channels together');
      return undefined;
    });
    site.node.outputs.forEach((_, index) => {
      site.setAxes(index, through);
    });
  };
}

/** Softmax and its kin, which before opset 13 take all axes from `axis` on as one. */
export const softmax = mixesAlong(({ node, opset }, rank) => {
  if (opset >= 13) return [node.int('axis', -1)];
  const axis = node.int('axis', 1);
  return range(axis < 0 ? axis + rank : axis, rank);
});

/** Channels on the second axis; on any other they stay. */
export function onlySecond(site: Site): ChannelAxis | undefined {
  site.axes(0).forEach((axis, index) => {
    if (index !== 1) site.freeze(axis, 'mixes-channels', `has them on axis ${index}`);
  });
  return site.axis(0, 1);
}

/** Channels on the second axis, as in the input. */
export function setSecond(site: Site, channels: ChannelAxis): void {
  site.setAxes(
    0,
    site.axes(0).map((_, index) => (index === 1 ? channels : undefined)),
  );
}
