import { blurred, type ChannelAxis, joinAxes, pickAxis, range } from '../channel-axis.ts';
import type { Site } from '../site.ts';
import { freezeCounts } from './slicing.ts';

/**
 * Pad. Channels that it puts before and after can go as well: it is their maker. In space, zeros around a channel of
 * zeros change nothing.
 */
export function pad(site: Site): void {
  const { node } = site;
  const input = site.axes(0);
  const pads = node.ints('pads') ?? (node.inputs[1] ? site.numbers(1) : undefined);
  const rank = input.length > 0 ? input.length : (site.shape(0)?.length ?? 0);
  const fill = node.inputs[2] ? site.constant(2)?.numbers()[0] : node.float('value', 0);
  const listed = node.inputs[3] ? site.numbers(3) : range(0, rank);
  if (!pads || !listed) {
    freezeCounts(site, [1, 3]);
    site.freezeInputs('shape-unknown', 'pads by amounts that are not known');
    return;
  }
  site.absorb(1);
  const constantMode = node.string('mode', 'constant') === 'constant';
  const amounts = range(0, rank).map((axis): [number, number] => {
    const place = listed.findIndex((at) => (at < 0 ? at + rank : at) === axis);
    return place < 0 ? [0, 0] : [pads[place] ?? 0, pads[place + listed.length] ?? 0];
  });
  const grown: { place: number; channels: ChannelAxis; kept: ChannelAxis; front: number; back: number }[] = [];
  const output = amounts.map(([front, back], axis) => {
    const channels = input[axis] ?? paddedChannels(site, axis, rank, front, back);
    if (!channels) return undefined;
    const elsewhere = amounts.some(([before, after], other) => other !== axis && (before !== 0 || after !== 0));
    const through = elsewhere && fill !== 0 ? blurred(channels, Number.NaN) : elsewhere ? blurred(channels) : channels;
    if (front === 0 && back === 0) return through;
    if (!constantMode || fill === undefined) {
      site.freeze(channels, 'not-legal', 'pads them with something that is not constant');
      return undefined;
    }
    const { length } = channels.atoms;
    const kept = pickAxis(through, range(Math.max(0, -front), length - Math.max(0, -back)));
    const made = (count: number): ChannelAxis => ({
      atoms: site.fresh(Math.max(0, count)),
      constants: () => new Float64Array(Math.max(0, count)).fill(fill),
    });
    const padded = joinAxes([made(front), kept, made(back)]);
    const [value] = node.outputs;
    if (value) site.makes(value, axis, padded);
    grown.push({
      place: listed.findIndex((at) => (at < 0 ? at + rank : at) === axis),
      channels,
      kept: padded,
      front,
      back,
    });
    return padded;
  });
  site.setAxes(0, output);
  site.edit((surgeon) => {
    const moved = site.countedBy(1).some((axis) => surgeon.loses(axis));
    const changed = grown.some(({ channels, kept }) => surgeon.loses(channels) || surgeon.loses(kept));
    if (!changed && !moved) return;
    const next = [...pads];
    for (const { place, channels, kept, front, back } of grown) {
      const { length } = channels.atoms;
      next[place] = front > 0 ? surgeon.count(kept, 0, front) : -surgeon.count(channels, 0, -front);
      next[place + listed.length] =
        back > 0 ? surgeon.count(kept, kept.atoms.length - back) : -surgeon.count(channels, length + back);
    }
    if (node.inputs[1]) surgeon.setVector(node, 1, next);
    else surgeon.setInts(node, 'pads', next);
  });
}

/** An axis where nothing could go, but the pads could: only the second axis is one of channels without further ado. */
function paddedChannels(site: Site, axis: number, rank: number, front: number, back: number): ChannelAxis | undefined {
  if (axis !== 1 || rank < 2 || (front <= 0 && back <= 0)) return undefined;
  const size = site.shape(0)?.[axis];
  if (typeof size !== 'number') return undefined;
  return { atoms: new Int32Array(size), constants: () => new Float64Array(size).fill(Number.NaN) };
}
