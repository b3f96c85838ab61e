import type { ChannelGroup, ChannelGroups } from '../channels/index.ts';
import { nodeMacs } from './node-cost.ts';

/** What a removal saves. */
export interface Saving {
  readonly params: number;
  /** Per sample; null where shapes are not known. */
  readonly macs: number | null;
}

/**
 * Prices the removal of units from the model that `groups` was made for; to be called before they go. Counted are weights
 * and biases of linear operators. Where one with cost C keeps the share t of its outputs and s of its inputs, what both
 * save together goes half to each, so that the groups add up to the whole:
 *
 *   C − C·t·s = C·(1 − t)·(1 + s)/2 + C·(1 − s)·(1 + t)/2
 */
export function groupSavings(
  groups: ChannelGroups,
): (removed: ReadonlySet<number>) => ReadonlyMap<ChannelGroup, Saving> {
  const { draft } = groups;
  const priced = new Set<unknown>();
  const operators = draft.filters.map(({ node, weight, bias, makes, reads, wholeGroups }) => {
    // A kernel that several nodes read is one.
    const params = priced.has(weight.value) ? 0 : elements(weight.dims);
    priced.add(weight.value);
    const macs = nodeMacs(node, draft.shapes) ?? null;
    return { params, bias: bias ? elements(bias.dims) : 0, macs, makes, reads: wholeGroups ? undefined : reads };
  });
  const groupOf = new Map(groups.groups.flatMap((group) => group.units.map((unit) => [unit, group] as const)));
  return (removed) => {
    /** Which share of an axis goes with each group. */
    const goneShares = (atoms: Int32Array | undefined): ReadonlyMap<ChannelGroup, number> => {
      const shares = new Map<ChannelGroup, number>();
      for (const atom of atoms ?? []) {
        const unit = groups.unitOf(atom);
        const group = removed.has(unit) ? groupOf.get(unit) : undefined;
        if (group) shares.set(group, (shares.get(group) ?? 0) + 1 / (atoms?.length ?? 1));
      }
      return shares;
    };
    const savings = new Map<ChannelGroup, Saving>();
    const add = (group: ChannelGroup, params: number, macs: number | null) => {
      const known = savings.get(group) ?? { params: 0, macs: 0 };
      savings.set(group, {
        params: known.params + params,
        macs: known.macs === null || macs === null ? null : known.macs + macs,
      });
    };
    for (const { params, bias, macs, makes, reads } of operators) {
      const [out, into] = [goneShares(makes.atoms), goneShares(reads?.atoms)];
      const [t, s] = [1 - sum(out.values()), 1 - sum(into.values())];
      const both = (group: ChannelGroup, share: number, alone: number) =>
        add(group, share * params + alone, macs === null ? null : share * macs);
      for (const [group, share] of out) both(group, (share * (1 + s)) / 2, share * bias);
      for (const [group, share] of into) both(group, (share * (1 + t)) / 2, 0);
    }
    return savings;
  };
}

function elements(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
