import { channelGroups, type Pruning, removableUnits, removeChannels, zeroChannels } from '../channels/index.ts';
import { cloneModel, type Model, type Node } from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';
import { isSkip, type PassContext, type PrunePass } from '../pass/index.ts';

export interface PrunedModel {
  readonly pruned: Model;
  /** What it must equal: the model with the filters set to zero, or where nothing was to be lost, as it was. */
  readonly expected: Model;
}

export type OnPruned = (removal: PrunedModel) => void;

export interface PruneOptions {
  /** Whether a node may lose filters. */
  allows(node: Node): boolean;
  infer(model: Model): ShapeInfo;
  readonly onPruned?: OnPruned;
}

/**
 * Runs a prune pass over all free groups of the model, in place. Removals at no loss are repeated until there is nothing
 * left to remove: where filters go, those that only read them may have become constant.
 *
 * @returns whether anything was removed
 */
export function pruneGroups(
  model: Model,
  pass: PrunePass,
  context: PassContext<unknown>,
  options: PruneOptions,
): boolean {
  let changed = false;
  for (let again = true; again; ) {
    const found = pruneOnce(model, pass, context, options);
    changed ||= found !== undefined;
    again = found === 'natural';
  }
  return changed;
}

/** @returns in which world units were removed; undefined for none */
function pruneOnce(
  model: Model,
  pass: PrunePass,
  context: PassContext<unknown>,
  { allows, infer, onPruned }: PruneOptions,
): Pruning['world'] | undefined {
  const groups = channelGroups(model, infer(model));
  const chosen: Pruning[] = [];
  for (const group of groups.groups) {
    if (group.frozen || group.members.some(({ role, node }) => role === 'makes' && !allows(node))) continue;
    const pruning = pass.match(group, groups, context);
    if (pruning && !isSkip(pruning) && pruning.units.length > 0) chosen.push(pruning);
  }
  for (const world of ['natural', 'zeroed'] as const) {
    const own = chosen.filter((pruning) => pruning.world === world);
    const twins = new Map(own.flatMap((pruning) => [...(pruning.twins ?? [])]));
    const obstructed = new Map([...groups.obstacles(world)].filter(([unit]) => !twins.has(unit)));
    const units = removableUnits(
      groups,
      own.flatMap((pruning) => pruning.units),
      obstructed,
    );
    if (units.size === 0) continue;
    const expected = onPruned && cloneModel(model).model;
    if (expected && world === 'zeroed') zeroChannels(channelGroups(expected, infer(expected)), units);
    const going = new Map([...twins].filter(([unit]) => units.has(unit)));
    removeChannels(groups, units, { world, twins: going, infer });
    if (expected) onPruned?.({ expected, pruned: cloneModel(model).model });
    return world;
  }
  return undefined;
}
