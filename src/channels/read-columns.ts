import type { Node } from '../ir/index.ts';
import type { ChannelGroup, ChannelGroups } from './channel-groups.ts';

/** Where a linear operator reads the channels of a group. */
export interface ReadColumns {
  readonly node: Node;
  /** Input channels that each unit stands at, all groups of the operator together; in the order of the group's units. */
  readonly channels: readonly (readonly number[])[];
}

/** All linear operators that read a group's channels, in topological order. Where whole groups go nothing is read. */
export function readColumns(
  { draft, unitOf }: ChannelGroups,
  { units, members }: ChannelGroup,
): readonly ReadColumns[] {
  const places = new Map(units.map((unit, place) => [unit, place]));
  const readers = new Set(members.flatMap(({ role, node }) => (role === 'reads' ? [node] : [])));
  return draft.filters.flatMap(({ node, reads, wholeGroups }) => {
    if (!reads || wholeGroups || !readers.has(node)) return [];
    const channels: number[][] = units.map(() => []);
    reads.atoms.forEach((atom, channel) => {
      const place = places.get(unitOf(atom));
      if (place !== undefined) channels[place]?.push(channel);
    });
    return [{ node, channels }];
  });
}
