import type { Dim } from '../../ir/index.ts';
import { blurred, type ChannelAxis } from '../channel-axis.ts';
import type { Site } from '../site.ts';

/** Resize and Upsample along other axes. Sizes, where given, list the channels too. */
export function resize(site: Site): void {
  const { node, opset } = site;
  const input = site.axes(0);
  if (input.length === 0) return;
  const scalesAt = node.is('Upsample') || opset < 11 ? 1 : 2;
  const sizes = node.inputs[3] ? site.data(3) : undefined;
  const listed = node.ints('axes')?.map((axis) => (axis < 0 ? axis + input.length : axis));
  const attribute = node.attributes.get('scales')?.value;
  const scales = attribute?.kind === 'floats' ? attribute.value : site.data(scalesAt);
  const at = (axis: number) => (listed ? listed.indexOf(axis) : axis);
  for (const [axis, channels] of input.entries()) {
    if (!channels || at(axis) < 0) continue;
    if (node.inputs[3]) keepSize(site, channels, at(axis), sizes?.[at(axis)]);
    else if (!scales) site.freeze(channels, 'shape-unknown', 'has scales that are not known');
    else if (scales[at(axis)] !== 1) site.freeze(channels, 'mixes-channels', 'resizes the channel axis');
  }
  editSizes(site, input, at);
  const keeps = node.string('coordinate_transformation_mode', '') !== 'tf_crop_and_resize';
  // Cubic weights add up to one, but not for every element in float32.
  const exact = keeps && node.string('mode', 'nearest') !== 'cubic';
  site.setAxes(
    0,
    input.map((axis) => axis && (exact ? axis : blurred(axis, keeps ? 0 : Number.NaN))),
  );
}

function keepSize(site: Site, channels: ChannelAxis, place: number, size: Dim): void {
  if (follows(site, 3, place, channels)) return;
  if (size !== channels.atoms.length) site.freeze(channels, 'shape-unknown', 'has sizes that are not known');
}

/** Whether the element is computed as the count of these very channels: then it follows by itself. */
export function follows(site: Site, index: number, place: number, channels: ChannelAxis | undefined): boolean {
  const counted = site.counts(index)?.[place];
  return counted !== undefined && channels !== undefined && site.areCoupled(counted.atoms, channels.atoms);
}

function editSizes(site: Site, input: readonly (ChannelAxis | undefined)[], at: (axis: number) => number): void {
  if (!site.node.inputs[3]) return;
  const literal = input.filter((channels, axis) => channels && at(axis) >= 0 && !follows(site, 3, at(axis), channels));
  const counts = site.counts(3);
  const strange = counts?.some(
    (counted, place) =>
      counted && !input.some((channels, axis) => at(axis) === place && follows(site, 3, place, channels)),
  );
  if (!strange) site.absorb(3);
  if (literal.length === 0) return;
  const sizes = site.numbers(3);
  if (!sizes || site.countedBy(3).length > 0) {
    for (const channels of literal) site.freeze(channels, 'shape-computed', 'has sizes computed at run time');
    return;
  }
  site.edit((surgeon) => {
    if (!literal.some((channels) => surgeon.loses(channels))) return;
    const next = sizes.map((size, place) => {
      const channels = input.find((_, axis) => at(axis) === place);
      return channels ? surgeon.count(channels) : size;
    });
    surgeon.setVector(site.node, 3, next);
  });
}
