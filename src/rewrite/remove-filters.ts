import {
  type ChannelGroup,
  type ChannelGroups,
  channelGroups,
  type Idle,
  idleUnits,
  type KeptChannels,
  type RemovalOptions,
  removableUnits,
  removeChannels,
  zeroChannels,
} from '../channels/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { cloneModel, type Model, type Node } from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';
import type { GroupRecord } from './group-record.ts';
import { parseRanges } from './kept-ranges.ts';
import type { PrunedGroup } from './plan.ts';

export interface PrunedModel {
  readonly pruned: Model;
  /** What it must equal: the model with the filters set to zero, or where nothing was to be lost, as it was. */
  readonly expected: Model;
}

export interface RemoveOptions {
  /** By which plans know the nodes. */
  readonly names: ReadonlyMap<Node, string>;
  infer(model: Model): ShapeInfo;
  onPruned?(removal: PrunedModel): void;
  /** Notes what each group loses. */
  readonly record?: GroupRecord;
  /** Told what is left of each operator that loses channels. */
  onKept(kept: ReadonlyMap<Node, KeptChannels>): void;
}

/** A group by its first maker's name. */
export function groupName({ members: [first] }: ChannelGroup, names: ReadonlyMap<Node, string>): string {
  return (first && names.get(first.node)) ?? '';
}

/** Groups of which something may go. */
export function openGroups({ groups }: ChannelGroups, allows: (node: Node) => boolean): readonly ChannelGroup[] {
  return groups.filter((group) => !group.frozen && !excludedMaker(group, allows));
}

/** A node that makes the channels of a group and may not lose filters. */
export function excludedMaker({ members }: ChannelGroup, allows: (node: Node) => boolean): Node | undefined {
  return members.find(({ role, node }) => role === 'makes' && !allows(node))?.node;
}

/**
 * Removes what goes at no loss, in place, until there is nothing left to remove: where filters go, those that only read them
 * may have become constant.
 *
 * @param allows whether a node may lose filters
 * @returns whether anything was removed
 */
export function removeIdle(model: Model, allows: (node: Node) => boolean, options: RemoveOptions): boolean {
  for (let changed = false; ; changed = true) {
    const groups = channelGroups(model, options.infer(model));
    const idle = openGroups(groups, allows).map((group) => idleUnits(groups, group));
    const twins = new Map(idle.flatMap((one: Idle) => [...one.twins]));
    const obstructed = new Map([...groups.obstacles('natural')].filter(([unit]) => !twins.has(unit)));
    const units = removableUnits(
      groups,
      idle.flatMap((one) => one.units),
      obstructed,
    );
    if (units.size === 0) return changed;
    const going = new Map([...twins].filter(([unit]) => units.has(unit)));
    remove(groups, units, { world: 'natural', twins: going, infer: options.infer }, () => 0, options);
  }
}

/**
 * Removes what a plan does not keep, in place.
 *
 * @returns whether anything was removed
 * @throws usage (2) for a group that the model does not have, or filters that must go together
 */
export function removePlanned(model: Model, entries: readonly PrunedGroup[], options: RemoveOptions): boolean {
  if (entries.length === 0) return false;
  const groups = channelGroups(model, options.infer(model));
  const byName = new Map(
    groups.groups.filter(({ frozen }) => !frozen).map((group) => [groupName(group, options.names), group]),
  );
  const wanted = entries.flatMap((entry) => {
    const group = byName.get(entry.group);
    if (!group)
      throw diagnostics.usage(`the plan prunes "${entry.group}", where the model has no channels that could go`);
    return unitsGone(entry, group);
  });
  const units = removableUnits(groups, wanted);
  const [stays] = wanted.filter((unit) => !units.has(unit));
  if (stays !== undefined) {
    const group = groups.groups.find((one) => one.units.includes(stays)) as ChannelGroup;
    throw diagnostics.usage(
      `the plan removes filters of "${groupName(group, options.names)}" that cannot go: the last of an axis, or needed as they are`,
    );
  }
  const losses = new Map(entries.map(({ group, loss }) => [group, loss]));
  return remove(groups, units, { infer: options.infer }, (name) => losses.get(name) ?? null, options);
}

function unitsGone({ group: name, kept, of }: PrunedGroup, { units }: ChannelGroup): readonly number[] {
  const places = parseRanges(kept);
  if (units.length !== of || !places || places.some((place) => place >= of))
    throw diagnostics.usage(
      `the plan keeps "${kept}" of ${of} channels of "${name}"`,
      `It has ${units.length}; list those that stay, counted from 0, as in 0-3,5,8-11.`,
    );
  const stay = new Set(places);
  return units.filter((_, place) => !stay.has(place));
}

function remove(
  groups: ChannelGroups,
  units: ReadonlySet<number>,
  removal: RemovalOptions,
  lossOf: (group: string) => number | null,
  { names, infer, onPruned, record, onKept }: RemoveOptions,
): boolean {
  if (units.size === 0) return false;
  const { model } = groups.draft;
  const expected = onPruned && cloneModel(model).model;
  if (expected && removal.world !== 'natural') zeroChannels(channelGroups(expected, infer(expected)), units);
  const note = record?.before(groups, names, lossOf);
  const { removed, kept } = removeChannels(groups, units, removal);
  note?.(removed);
  onKept(kept);
  if (expected) onPruned?.({ expected, pruned: cloneModel(model).model });
  return true;
}
