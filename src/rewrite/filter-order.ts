import type { ChannelGroup, ChannelGroups } from '../channels/index.ts';
import type { Node } from '../ir/index.ts';
import type { RemovalStops } from '../numerics/index.ts';
import type { GroupReader, PruneOrder, PruneRule } from '../pass/index.ts';
import { printRanges } from './kept-ranges.ts';
import type { PrunedGroup } from './plan.ts';
import { groupName } from './remove-filters.ts';
import type { Environment } from './workspace.ts';

export interface OrderWish {
  readonly most: number;
  /** Undefined without data. */
  readonly readers: readonly GroupReader[] | undefined;
  readonly stops?: RemovalStops;
}

/** In which order filters of a group should go, of those that can. */
export async function filterOrder(
  rule: PruneRule,
  group: ChannelGroup,
  groups: ChannelGroups,
  { most, readers, stops }: OrderWish,
  { blas, signal }: Environment,
): Promise<PruneOrder> {
  signal.throwIfAborted();
  const obstructed = groups.obstacles('zeroed');
  const candidates = [...group.units.keys()].filter((place) => !obstructed.has(group.units[place] as number));
  return rule.order({
    ...{ group, groups, candidates },
    ...(stops && { stops }),
    most: Math.min(most, candidates.length),
    evidence: readers && { readers, blas, signal },
  });
}

/** How a plan tells that units of a group go. */
export function prunedGroup(
  pass: string,
  group: ChannelGroup,
  names: ReadonlyMap<Node, string>,
  { gone, loss }: { readonly gone: ReadonlySet<number>; readonly loss: number | null },
): PrunedGroup {
  const { units } = group;
  const kept = [...units.keys()].filter((place) => !gone.has(units[place] as number));
  return { pass, group: groupName(group, names), kept: printRanges(kept), of: units.length, loss };
}
