import type { ChannelGroups } from './channel-groups.ts';
import type { Frozen } from './reason.ts';

/** The units of `wanted`, in that order, that can go together: frozen ones, and the last of each axis, stay. */
export function removableUnits(
  groups: ChannelGroups,
  wanted: Iterable<number>,
  obstructed: ReadonlyMap<number, Frozen> = groups.obstacles('zeroed'),
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
