import { type ChannelGroup, channelGroups, type FrozenCode } from '../channels/index.ts';
import type { Node } from '../ir/index.ts';
import { excludedMaker, groupName } from './remove-filters.ts';
import type { Policy, Workspace } from './workspace.ts';

/** A group of channels by the names that people know. */
export interface GroupDescription {
  /** Its first maker. */
  readonly name: string;
  /** How many there are; what goes together counts as one. */
  readonly channels: number;
  readonly makers: readonly string[];
  readonly readers: readonly string[];
  /** Why none of them can go, and at which node; null for free ones. */
  readonly frozen: {
    readonly code: FrozenCode | 'excluded';
    readonly text: string;
    readonly node: string | null;
  } | null;
}

/** All groups of a model as it is now, in topological order. */
export function describeGroups(
  workspace: Workspace,
  policy: Pick<Policy, 'allows' | 'prunes'>,
): readonly GroupDescription[] {
  const { groups } = channelGroups(workspace.model, workspace.shapes);
  const [names, allows] = [workspace.names(), workspace.mayLoseFilters(policy)];
  return groups.map((group) => describeGroup(group, names, allows));
}

export function describeGroup(
  group: ChannelGroup,
  names: ReadonlyMap<Node, string>,
  allows: (node: Node) => boolean = () => true,
): GroupDescription {
  const nameOf = (node: Node) => names.get(node) ?? node.name;
  const named = (role: string) => [
    ...new Set(group.members.flatMap((member) => (member.role === role ? [nameOf(member.node)] : []))),
  ];
  return {
    name: groupName(group, names),
    channels: group.units.length,
    makers: named('makes'),
    readers: named('reads'),
    frozen: reasonOf(group, nameOf, allows),
  };
}

function reasonOf(
  group: ChannelGroup,
  nameOf: (node: Node) => string,
  allows: (node: Node) => boolean,
): GroupDescription['frozen'] {
  const { frozen } = group;
  if (frozen) return { code: frozen.code, text: frozen.text, node: frozen.node ? nameOf(frozen.node) : null };
  const excluded = excludedMaker(group, allows);
  if (!excluded) return null;
  const name = nameOf(excluded);
  return { code: 'excluded', text: `${name}, which makes them, is excluded by name`, node: name };
}
