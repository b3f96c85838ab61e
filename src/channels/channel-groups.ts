import { label, type Model, type Node, type Value } from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';
import { fixed } from './atoms.ts';
import type { ChannelAxis, World } from './channel-axis.ts';
import { Classes } from './classes.ts';
import type { Draft } from './draft.ts';
import { labelChannels } from './label-channels.ts';
import { findObstacles } from './obstacles.ts';
import type { Frozen } from './reason.ts';
import { findTwins } from './twins.ts';

/** A node that has to do with a group: it makes the channels, reads them as their last reader, or passes them on. */
export interface Member {
  readonly node: Node;
  readonly role: 'makes' | 'reads' | 'passes';
  readonly value: Value;
  readonly axis: number;
  readonly channels: ChannelAxis;
}

/** Channels that are made together: a choice of how many go is made for all of them. */
export interface ChannelGroup {
  /** The first node that makes them. */
  readonly name: string;
  /**
   * What goes at once, in the order of the first maker's filters; each is known by the smallest of its atoms, a number that
   * is the same for the same model on every run.
   */
  readonly units: readonly number[];
  readonly members: readonly Member[];
  /** Why none of them can go. */
  readonly frozen: Frozen | undefined;
  /** Weights of convolutions that are part of these filters. */
  readonly convParams: number;
}

export interface ChannelGroups {
  /** In topological order of their first makers. */
  readonly groups: readonly ChannelGroup[];
  /** Where the channels of a unit stand on a member's axis. */
  positionsOf(member: Member, unit: number): readonly number[];
  /** The unit of an atom on an axis. */
  readonly unitOf: (atom: number) => number;
  /** Units that cannot go although their group is free. */
  obstacles(world: World['kind']): ReadonlyMap<number, Frozen>;
  /** Units that another unit of their group equals, and that unit. */
  twins(): ReadonlyMap<number, number>;
  readonly draft: Draft;
}

/** Which channels of a model go together, and which cannot go. The model stays as it is. */
export function channelGroups(model: Model, shapes: ShapeInfo): ChannelGroups {
  const draft = labelChannels(model, shapes);
  const classes = draft.atoms.classes();
  const unitOf = (atom: number) => classes[atom] as number;
  const groups = groupsOf(draft, unitOf);
  const obstacles = new Map<World['kind'], ReadonlyMap<number, Frozen>>();
  let twins: ReadonlyMap<number, number> | undefined;
  return {
    groups,
    unitOf,
    positionsOf: ({ channels }, unit) =>
      Array.from(channels.atoms.keys()).filter((position) => unitOf(channels.atoms[position] as number) === unit),
    obstacles(world) {
      const found = obstacles.get(world) ?? findObstacles(draft, unitOf, world);
      obstacles.set(world, found);
      return found;
    },
    twins() {
      twins ??= findTwins(groups, draft, unitOf);
      return twins;
    },
    draft,
  };
}

function groupsOf(draft: Draft, unitOf: (atom: number) => number): readonly ChannelGroup[] {
  const makers = madeAxes(draft);
  const leaderOf = leaders(makers, draft, unitOf);
  const found = new Map<number, { units: Set<number>; members: Member[]; convParams: number }>();
  const join = (member: Member, perFilter: number) => {
    const touched = new Set<number>();
    for (const atom of member.channels.atoms) {
      if (atom === fixed) continue;
      const leader = leaderOf(unitOf(atom));
      const group = found.get(leader) ?? { units: new Set(), members: [], convParams: 0 };
      found.set(leader, group);
      group.units.add(unitOf(atom));
      group.convParams += perFilter;
      if (!touched.has(leader)) group.members.push(member);
      touched.add(leader);
    }
  };
  for (const { params, ...member } of makers) join(member, params / Math.max(1, member.channels.atoms.length));
  for (const member of [...readAxes(draft), ...passedAxes(draft, makers)]) join(member, 0);
  return [...found.values()].map(({ units, members, convParams }) => ({
    name: members[0] ? label(members[0].node) : '',
    units: [...units],
    members,
    frozen: [...units].map((unit) => draft.atoms.frozen(unit)).find((reason) => reason !== undefined),
    convParams: Math.round(convParams),
  }));
}

/** One unit for each group: of units that one node makes, the free ones belong together, and the frozen ones. */
function leaders(makers: readonly Member[], { atoms }: Draft, unitOf: (atom: number) => number) {
  const classes = new Classes();
  for (const { channels } of makers) {
    const first = new Map<boolean, number>();
    for (const atom of channels.atoms) {
      if (atom === fixed) continue;
      const frozen = atoms.frozen(atom) !== undefined;
      const leader = first.get(frozen) ?? unitOf(atom);
      first.set(frozen, leader);
      classes.join(leader, unitOf(atom));
    }
  }
  return (unit: number) => classes.find(unit);
}

/** Axes that nodes make, in topological order, and the weights that stand behind them. */
function madeAxes({ filters, fillers, nodes }: Draft): readonly (Member & { readonly params: number })[] {
  const order = new Map(nodes.map((node, index) => [node, index]));
  const made = [
    ...filters.map(({ node, output, outputAxis, makes, weight }) => ({
      ...{ node, role: 'makes' as const, value: output, axis: outputAxis, channels: makes },
      params: node.is('Conv', 'ConvTranspose') ? weight.dims.reduce((product, dim) => product * dim, 1) : 0,
    })),
    ...fillers.map((filler) => ({ ...filler, role: 'makes' as const, params: 0 })),
  ];
  return made.sort((a, b) => (order.get(a.node) ?? 0) - (order.get(b.node) ?? 0));
}

function readAxes({ filters }: Draft): readonly Member[] {
  return filters.flatMap(({ node, input, inputAxis, reads, wholeGroups }) =>
    reads && !wholeGroups ? [{ node, role: 'reads' as const, value: input, axis: inputAxis, channels: reads }] : [],
  );
}

function passedAxes({ axes }: Draft, makers: readonly Member[]): readonly Member[] {
  const made = new Set(makers.map(({ node }) => node));
  return [...axes].flatMap(([value, list]) => {
    const node = value.producer;
    if (!node || made.has(node)) return [];
    return list.flatMap((channels, axis) =>
      channels ? [{ node, role: 'passes' as const, value, axis, channels }] : [],
    );
  });
}
