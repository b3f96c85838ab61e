import { openWorld, type World } from './channel-axis.ts';
import type { Draft } from './draft.ts';
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
export function findObstacles(
  draft: Draft,
  unitOf: (atom: number) => number,
  kind: World['kind'],
): ReadonlyMap<number, Frozen> {
  const world = openWorld(kind);
  const found = new Map<number, Frozen>();
  for (const filters of draft.filters) {
    const { reads, node, uniform } = filters;
    reads?.atoms.forEach((atom, position) => {
      const unit = unitOf(atom);
      if (atom === 0 || found.has(unit) || draft.atoms.frozen(unit)) return;
      const constant = leftBehind(filters, position, world);
      if (Number.isNaN(constant))
        found.set(unit, frozenBy(node, 'not-legal', 'reads what is not constant without them'));
      else if (constant !== 0 && !uniform && kind === 'natural')
        found.set(unit, frozenBy(node, 'not-legal', 'pads them with zeros, and they are not zero'));
    });
  }
  return found;
}
