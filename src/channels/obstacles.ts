import { openWorld, type World } from './channel-axis.ts';
import type { Draft } from './draft.ts';
import { type Filters, placeOf, tapSums } from './kernel.ts';
import { type Frozen, frozenBy } from './reason.ts';

/**
 * What a reader would lose with the channel at a position, and could not be given otherwise. 0 where it is nothing: where
 * the channel is zero, all weights for it are, or whole groups go.
 */
export function leftBehind(filters: Filters, world: World): (position: number) => number {
  const { reads, wholeGroups, kernel } = filters;
  if (!reads || wholeGroups) return () => 0;
  const constants = world.of(reads);
  const sums = tapSums(filters);
  const isUnread = (position: number) => {
    const [g, s] = placeOf(position, kernel.inputs);
    for (let t = 0; t < kernel.outputs; t++) if (sums(g, t, s)[0] !== 0) return false;
    return true;
  };
  return (position) => {
    const constant = constants[position] as number;
    if (constant === 0 || isUnread(position)) return 0;
    return Number.isFinite(constant) ? constant : Number.NaN;
  };
}

/**
 * Why single units cannot go although their group may: their weights or their readers' are not finite, or what they leave
 * behind varies over samples or space, so that no bias could stand for it. In the natural world, the model as it is, this is
 * true of every filter that does something; there also a constant under zero padding stays, where zeroed filters have a
 * carrier.
 */
export function findObstacles(
  draft: Draft,
  unitOf: (atom: number) => number,
  kind: World['kind'],
): ReadonlyMap<number, Frozen> {
  const world = openWorld(kind);
  const found = new Map<number, Frozen>();
  const add = (atom: number, reason: () => Frozen) => {
    if (atom !== 0 && !found.has(unitOf(atom))) found.set(unitOf(atom), reason());
  };
  for (const filters of draft.filters) {
    const { reads, makes, node, uniform } = filters;
    if (!allFinite(filters))
      for (const atom of [...(reads?.atoms ?? []), ...makes.atoms])
        add(atom, () => frozenBy(node, 'non-finite', 'holds NaN or infinite numbers'));
    const left = leftBehind(filters, world);
    reads?.atoms.forEach((atom, position) => {
      if (atom === 0 || found.has(unitOf(atom)) || draft.atoms.frozen(atom)) return;
      const constant = left(position);
      if (Number.isNaN(constant))
        add(atom, () => frozenBy(node, 'not-legal', 'reads what is not constant without them'));
      else if (constant !== 0 && !uniform && kind === 'natural')
        add(atom, () => frozenBy(node, 'not-legal', 'pads them with zeros, and they are not zero'));
    });
  }
  return found;
}

function allFinite({ weight, bias }: Filters): boolean {
  return [weight, bias].every((constant) => {
    const numbers = constant?.filler ? [constant.filler.fill] : (constant?.numbers() ?? []);
    for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return false;
    return true;
  });
}
