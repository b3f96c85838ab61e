import type { ChannelGroup, ChannelGroups } from './channel-groups.ts';
import { type Filters, offsetOf, placeOf } from './kernel.ts';

/** Units that can go from a group at no loss. */
export interface Idle {
  /** In the order in which they should go, should not all of them be able to. */
  readonly units: readonly number[];
  /** Units that go because another carries the same: what read them reads that one instead. */
  readonly twins: ReadonlyMap<number, number>;
}

/** What can go at no loss: units that nobody reads, that are constant, or that another one equals. */
export function idleUnits(groups: ChannelGroups, group: ChannelGroup): Idle {
  const obstructed = groups.obstacles('natural');
  const idle = group.units.filter((unit) => !obstructed.has(unit));
  const gone = new Set(idle);
  const own = new Set(group.units);
  const twins = new Map(
    [...groups.twins()].filter(([unit, twin]) => own.has(unit) && !gone.has(unit) && !gone.has(twin)),
  );
  return { units: [...idle, ...twins.keys()], twins };
}

/**
 * Σ|w|^order over the filters of all makers of a unit, for each unit of a group in turn.
 *
 * @param order of the norm: 1 or 2
 */
export function filterNorms(groups: ChannelGroups, group: ChannelGroup, order: 1 | 2): readonly number[] {
  const norms = new Map(group.units.map((unit) => [unit, 0]));
  for (const filters of groups.draft.filters) {
    const norm = filterNorm(filters, order);
    filters.makes.atoms.forEach((atom, position) => {
      const unit = groups.unitOf(atom);
      const known = norms.get(unit);
      if (known !== undefined) norms.set(unit, known + norm(position));
    });
  }
  return group.units.map((unit) => norms.get(unit) as number);
}

/** Σ|w|^order over the weights of a filter. */
function filterNorm({ kernel, weight }: Filters, order: 1 | 2): (position: number) => number {
  const { filler } = weight;
  if (filler) return () => kernel.inputs * kernel.inner * Math.abs(filler.fill) ** order;
  return (position) => {
    const data = weight.numbers();
    const [g, t] = placeOf(position, kernel.outputs);
    let sum = 0;
    for (let s = 0; s < kernel.inputs; s++) {
      const start = offsetOf(kernel, g, t, s);
      for (let k = start; k < start + kernel.inner; k++) sum += Math.abs(data[k] as number) ** order;
    }
    return sum;
  };
}
