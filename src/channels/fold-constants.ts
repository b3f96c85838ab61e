import { openWorld, type World } from './channel-axis.ts';
import type { ChannelGroups } from './channel-groups.ts';
import { type Filters, placeOf } from './kernel.ts';
import { leftBehind } from './obstacles.ts';
import type { Weights } from './weights.ts';

/** What a reader is left without at one position. */
interface Loss {
  readonly position: number;
  readonly constant: number;
}

/**
 * Gives readers what removed channels brought them, which is a constant each: through the bias, or where zero padding makes
 * a constant vary near the border, through the weights of a carrier. That is one removed unit that stays in the graph with
 * zero filters; it carries the constants of all others, in proportion.
 *
 * @returns the units that stay as carriers
 */
export function foldConstants(
  groups: ChannelGroups,
  units: ReadonlySet<number>,
  kind: World['kind'],
  weights: Weights,
): ReadonlySet<number> {
  const world = openWorld(kind);
  const { filters } = groups.draft;
  const losses = new Map(filters.map((reader) => [reader, lossesOf(reader, groups, units, world)]));
  const carriers = new Set<number>();
  const padded = filters.filter((reader) => !reader.uniform && losses.get(reader)?.length);
  for (const reader of padded) chooseCarriers(reader, losses.get(reader) ?? [], groups, carriers, world);
  for (const reader of filters)
    for (const { position, constant } of losses.get(reader) ?? []) {
      if (carriers.has(unitAt(reader, position, groups))) continue;
      if (reader.uniform) weights.addConstant(reader, position, constant);
      else carry(reader, position, constant, groups, carriers, world, weights);
    }
  return carriers;
}

function unitAt({ reads }: Filters, position: number, groups: ChannelGroups): number {
  return groups.unitOf(reads?.atoms[position] ?? 0);
}

function lossesOf(reader: Filters, groups: ChannelGroups, units: ReadonlySet<number>, world: World): readonly Loss[] {
  const losses: Loss[] = [];
  const left = leftBehind(reader, world);
  reader.reads?.atoms.forEach((atom, position) => {
    if (!units.has(groups.unitOf(atom))) return;
    const constant = left(position);
    if (constant !== 0) losses.push({ position, constant });
  });
  return losses;
}

/** For each group of the kernel that loses something, the unit with the largest constant, unless one carries already. */
function chooseCarriers(
  reader: Filters,
  losses: readonly Loss[],
  groups: ChannelGroups,
  carriers: Set<number>,
  world: World,
): void {
  for (const { position } of losses) {
    const group = placeOf(position, reader.kernel.inputs)[0];
    if (carrierIn(reader, group, groups, carriers, world) !== undefined) continue;
    const peers = losses.filter((loss) => placeOf(loss.position, reader.kernel.inputs)[0] === group);
    const largest = peers.reduce((best, loss) => (Math.abs(loss.constant) > Math.abs(best.constant) ? loss : best));
    carriers.add(unitAt(reader, largest.position, groups));
  }
}

/** Where in a group of the kernel a carrier stands that is not zero. */
function carrierIn(
  reader: Filters,
  group: number,
  groups: ChannelGroups,
  carriers: ReadonlySet<number>,
  world: World,
): number | undefined {
  const { inputs } = reader.kernel;
  const constants = reader.reads && world.of(reader.reads);
  for (let position = group * inputs; position < (group + 1) * inputs; position++) {
    const constant = constants?.[position] ?? 0;
    if (constant !== 0 && !Number.isNaN(constant) && carriers.has(unitAt(reader, position, groups))) return position;
  }
  return undefined;
}

function carry(
  reader: Filters,
  position: number,
  constant: number,
  groups: ChannelGroups,
  carriers: ReadonlySet<number>,
  world: World,
  weights: Weights,
): void {
  const to = carrierIn(reader, placeOf(position, reader.kernel.inputs)[0], groups, carriers, world);
  if (to === undefined || !reader.reads) throw new Error(`nothing carries the constants of ${reader.node.name}`);
  weights.addColumn(reader, position, to, constant / (world.of(reader.reads)[to] as number));
}
