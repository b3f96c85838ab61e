import { createHash, type Hash } from 'node:crypto';
import type { ChannelGroup } from './channel-groups.ts';
import { cutTensor } from './cut-tensor.ts';
import type { Draft } from './draft.ts';

/** Operators after which a channel's positions cannot be told from another's by their order alone. */
const reordering = ['Gather', 'Slice', 'Split', 'DepthToSpace', 'SpaceToDepth'];

/**
 * Units that always carry the same numbers as another one of their group: every filter, bias and per-channel constant on
 * their way is the same bit for bit, and they stand on the same axes equally often.
 *
 * @returns for each twin the unit that can stand for it, the first of its kind
 */
export function findTwins(
  groups: readonly ChannelGroup[],
  draft: Draft,
  unitOf: (atom: number) => number,
): ReadonlyMap<number, number> {
  const hashes = new Map<number, Hash>();
  const candidates = groups.filter((group) => isEligible(group, draft));
  for (const unit of candidates.flatMap(({ units }) => units)) hashes.set(unit, createHash('sha256'));
  const placesOn = (atoms: Int32Array): ReadonlyMap<number, number[]> => {
    const places = new Map<number, number[]>();
    atoms.forEach((atom, position) => {
      const unit = unitOf(atom);
      const known = places.get(unit);
      if (known) known.push(position);
      else if (hashes.has(unit)) places.set(unit, [position]);
    });
    return places;
  };
  const axes = new Set([...draft.axes.values()].flat().flatMap((axis) => (axis ? [axis.atoms] : [])));
  for (const [index, atoms] of [...axes].entries())
    for (const [unit, { length }] of placesOn(atoms)) hashes.get(unit)?.update(`axis ${index} ${length};`);
  for (const [index, { constant, axis, channels, reads }] of draft.cuts.entries()) {
    if (reads) continue;
    for (const [unit, positions] of placesOn(channels.atoms))
      hashes
        .get(unit)
        ?.update(`cut ${index};`)
        .update(cutTensor(constant.tensor(), new Map([[axis, positions]])).bytes());
  }
  return firstOfEqual(candidates, hashes);
}

/** Weights of one number each are equal, but adding them up would write them out. */
function isEligible({ frozen, members }: ChannelGroup, { filters }: Draft): boolean {
  const filled = new Set(filters.flatMap(({ node, weight }) => (weight.filler ? [node] : [])));
  return !frozen && !members.some(({ node }) => node.is(...reordering) || filled.has(node));
}

function firstOfEqual(groups: readonly ChannelGroup[], hashes: ReadonlyMap<number, Hash>): ReadonlyMap<number, number> {
  const twins = new Map<number, number>();
  for (const { units } of groups) {
    const first = new Map<string, number>();
    for (const unit of units) {
      const signature = hashes.get(unit)?.digest('hex') ?? '';
      const other = first.get(signature);
      if (other === undefined) first.set(signature, unit);
      else twins.set(unit, other);
    }
  }
  return twins;
}
