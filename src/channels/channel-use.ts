import type { Node } from '../ir/index.ts';
import { fixed } from './atoms.ts';
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

/** What a linear operator loses with some units. */
export interface Gone {
  /** Channels, all groups of the operator together. */
  readonly inputs: number;
  readonly outputs: number;
  /** Groups that go as a whole, with their inputs and outputs: those are not counted above. */
  readonly groups: number;
}

/** The operators that lose anything with these units. */
export function goneBy({ draft, unitOf }: ChannelGroups, units: ReadonlySet<number>): ReadonlyMap<Node, Gone> {
  const found = new Map<Node, Gone>();
  for (const { node, reads, makes, wholeGroups, kernel } of draft.filters) {
    const count = (atoms: Iterable<number> = []) => {
      let total = 0;
      for (const atom of atoms) if (atom !== fixed && units.has(unitOf(atom))) total++;
      return total;
    };
    const outputs = count(makes.atoms);
    const inputs = wholeGroups ? 0 : count(reads?.atoms);
    if (inputs + outputs === 0) continue;
    found.set(
      node,
      wholeGroups ? { inputs, outputs: 0, groups: outputs / kernel.outputs } : { inputs, outputs, groups: 0 },
    );
  }
  return found;
}
