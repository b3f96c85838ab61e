import type { ChannelGroups } from '../channels/index.ts';
import type { Node } from '../ir/index.ts';
import { describeGroup, type GroupDescription } from './describe-groups.ts';
import { groupSavings, type Saving } from './group-savings.ts';

/** What went from a group. */
export interface GroupRemoval {
  readonly group: GroupDescription;
  /** Of its channels. */
  readonly gone: number;
  /** As the plan knows it; 0 for filters that did nothing. */
  readonly loss: number | null;
  readonly saved: Saving;
}

/** What became of the groups of a model. */
export interface GroupOutcome {
  /** All, as they were. */
  readonly groups: readonly GroupDescription[];
  /** Those that lost filters, in the same order. */
  readonly pruned: readonly GroupRemoval[];
}

/** Notes what removals take, whichever pass and round they come from: a group that loses filters twice is told once. */
export class GroupRecord {
  #groups: readonly GroupDescription[] | undefined;
  readonly #removals = new Map<string, GroupRemoval>();

  /** @param groups before the first removal */
  open(groups: readonly GroupDescription[]): void {
    this.#groups = groups;
  }

  /**
   * To be called before filters go, while their cost is known.
   *
   * @param lossOf of a group, by its name
   * @returns to be told which units went
   */
  before(
    groups: ChannelGroups,
    names: ReadonlyMap<Node, string>,
    lossOf: (group: string) => number | null,
  ): (removed: ReadonlySet<number>) => void {
    const savings = groupSavings(groups);
    return (removed) => {
      for (const [group, saved] of savings(removed)) {
        const described = describeGroup(group, names);
        const gone = group.units.filter((unit) => removed.has(unit)).length;
        this.#add({ group: described, gone, loss: lossOf(described.name), saved });
      }
    };
  }

  /** Undefined where nothing prunes. */
  get outcome(): GroupOutcome | undefined {
    if (!this.#groups) return undefined;
    const places = new Map(this.#groups.map(({ name }, place) => [name, place]));
    const placeOf = ({ group }: GroupRemoval) => places.get(group.name) ?? places.size;
    return { groups: this.#groups, pruned: [...this.#removals.values()].toSorted((a, b) => placeOf(a) - placeOf(b)) };
  }

  #add(removal: GroupRemoval): void {
    const { name } = removal.group;
    const known = this.#removals.get(name);
    this.#removals.set(name, known ? together(known, removal) : removal);
  }
}

function together(first: GroupRemoval, then: GroupRemoval): GroupRemoval {
  const sum = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);
  return {
    group: first.group,
    gone: first.gone + then.gone,
    loss: sum(first.loss, then.loss),
    saved: { params: first.saved.params + then.saved.params, macs: sum(first.saved.macs, then.saved.macs) },
  };
}
