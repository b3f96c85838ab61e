import { createHash } from 'node:crypto';
import type { ChannelGroup, ChannelGroups } from './channel-groups.ts';
import { cutTensor } from './cut-tensor.ts';

/** Operators after which a channel's positions cannot be told from another's by their order alone. */
const reordering = ['Gather', 'Slice', 'Split', 'DepthToSpace', 'SpaceToDepth'];

/**
 * Units of a group that always carry the same numbers as another one: every filter, bias and per-channel constant on their
 * way is the same bit for bit, and they stand on the same axes equally often.
 *
 * @returns for each twin the unit that can stand for it, the first of its kind
 */
export function twinsOf(groups: ChannelGroups, group: ChannelGroup): ReadonlyMap<number, number> {
  const twins = new Map<number, number>();
  // Weights of one number each are equal, but to add them up would write them out.
  const filled = new Set(groups.draft.filters.flatMap(({ node, weight }) => (weight.filler ? [node] : [])));
  if (group.frozen || group.members.some(({ node }) => node.is(...reordering) || filled.has(node))) return twins;
  const signatures = signaturesOf(groups, group);
  const first = new Map<string, number>();
  for (const unit of group.units) {
    const signature = signatures(unit);
    const other = first.get(signature);
    if (other === undefined) first.set(signature, unit);
    else twins.set(unit, other);
  }
  return twins;
}

function signaturesOf({ draft, unitOf }: ChannelGroups, group: ChannelGroup): (unit: number) => string {
  const own = new Set(group.units);
  const places = (atoms: Int32Array) => {
    const found = new Map<number, number[]>();
    atoms.forEach((atom, position) => {
      const unit = unitOf(atom);
      if (own.has(unit)) found.set(unit, [...(found.get(unit) ?? []), position]);
    });
    return found;
  };
  const made = draft.cuts.filter(({ reads }) => !reads).map((cut) => ({ cut, at: places(cut.channels.atoms) }));
  const axes = new Set([...draft.axes.values()].flat().flatMap((axis) => (axis ? [axis.atoms] : [])));
  const standing = [...axes].map(places).filter((at) => at.size > 0);
  return (unit) => {
    const hash = createHash('sha256');
    for (const at of standing) hash.update(`${at.get(unit)?.length ?? 0},`);
    for (const { cut, at } of made) {
      const positions = at.get(unit);
      if (positions) hash.update(cutTensor(cut.constant.tensor(), new Map([[cut.axis, positions]])).bytes());
      hash.update(';');
    }
    return hash.digest('hex');
  };
}
