import { openWorld, type World } from './channel-axis.ts';
import type { ChannelGroups } from './channel-groups.ts';
import { type Filters, placeOf, tapSums } from './kernel.ts';
import { type Frozen, frozenBy } from './reason.ts';

/** Whether nothing reads the channel at a position: all its weights are zero. */
export function isUnread({ kernel, weight }: Filters, position: number): boolean {
  const [g, s] = placeOf(position, kernel.inputs);
  const data = weight.numbers();
  for (let t = 0; t < kernel.outputs; t++) if (tapSums(kernel, data, g, t, s)[0] !== 0) return false;
  return true;
}

/** What a reader would lose with the channel at a position, and could not be given otherwise; 0 where it is nothing. */
export function leftBehind(filters: Filters, position: number, world: World): number {
  const { reads, wholeGroups } = filters;
  if (!reads || wholeGroups) return 0;
  const constant = world.of(reads)[position] as number;
  return constant !== 0 && isUnread(filters, position) ? 0 : constant;
}

/**
 * Why single units cannot go although their group may: what they leave behind varies over samples or space, so that no
 * bias could stand for it. In the natural world, the model as it is, this is true of every filter that does something;
 * there also a constant under zero padding stays, where zeroed filters have a carrier.
 */
export function obstacles(groups: ChannelGroups, kind: World['kind'] = 'zeroed'): ReadonlyMap<number, Frozen> {
  const world = openWorld(kind);
  const found = new Map<number, Frozen>();
  for (const filters of groups.draft.filters) {
    const { reads, node, uniform } = filters;
    reads?.atoms.forEach((atom, position) => {
      const unit = groups.unitOf(atom);
      if (atom === 0 || found.has(unit) || groups.draft.atoms.frozen(unit)) return;
      const constant = leftBehind(filters, position, world);
      if (Number.isNaN(constant))
        found.set(unit, frozenBy(node, 'not-legal', 'reads what is not constant without them'));
      else if (constant !== 0 && !uniform && kind === 'natural')
        found.set(unit, frozenBy(node, 'not-legal', 'pads them with zeros, and they are not zero'));
    });
  }
  return found;
}

/** The units of `wanted`, in that order, that can go together: frozen ones, and the last of each axis, stay. */
export function removableUnits(
  groups: ChannelGroups,
  wanted: Iterable<number>,
  obstructed: ReadonlyMap<number, Frozen> = obstacles(groups),
): ReadonlySet<number> {
  const { left, places } = placesOf(groups);
  const chosen = new Set<number>();
  for (const unit of wanted) {
    const own = places.get(unit) ?? [];
    if (chosen.has(unit) || groups.draft.atoms.frozen(unit) || obstructed.has(unit)) continue;
    if (own.some(([axis, count]) => (left[axis] as number) <= count)) continue;
    for (const [axis, count] of own) left[axis] = (left[axis] as number) - count;
    chosen.add(unit);
  }
  return chosen;
}

/** The length of each distinct axis, and how many positions of which axes a unit takes. */
function placesOf({ draft, unitOf }: ChannelGroups) {
  const left: number[] = [];
  const places = new Map<number, [axis: number, count: number][]>();
  const seen = new Set<Int32Array>();
  for (const { atoms } of [...draft.axes.values()].flat().filter((axis) => axis !== undefined)) {
    if (seen.has(atoms)) continue;
    seen.add(atoms);
    const axis = left.push(atoms.length) - 1;
    for (const atom of atoms) {
      if (atom === 0) continue;
      const own = places.get(unitOf(atom)) ?? [];
      places.set(unitOf(atom), own);
      const last = own.at(-1);
      if (last?.[0] === axis) last[1]++;
      else own.push([axis, 1]);
    }
  }
  return { left, places };
}
