import { type ChannelGroup, type ChannelGroups, channelGroups, type Gone, goneBy } from '../channels/index.ts';
import type { Node } from '../ir/index.ts';
import { type RemovalStops, removalOrder } from '../numerics/index.ts';
import type { GroupReader, PruneRule } from '../pass/index.ts';
import { filterOrder, prunedGroup } from './filter-order.ts';
import { GroupSurvey, type Sight } from './group-survey.ts';
import type { PrunedGroup } from './plan.ts';
import { openGroups } from './remove-filters.ts';
import type { Environment, Policy, Workspace } from './workspace.ts';

/** One number of filters that a group may lose. */
export interface PruneLevel {
  readonly entry: PrunedGroup;
  /** What operators lose with them, by name. */
  readonly gone: ReadonlyMap<string, Gone>;
  /** outputError of the operators that read them once these are fitted anew, by name. */
  readonly losses: ReadonlyMap<string, number>;
}

/** What could become of one group of channels: to lose nothing, or one of these, fewer filters going first. */
export interface GroupLevels {
  readonly name: string;
  readonly levels: readonly PruneLevel[];
}

/** What is left of a group, tried in eighths. */
const parts = 8;

/** How many filters each free group may lose, and what that costs: found on the way, operator by operator. */
export class LevelSurvey {
  readonly #pass: string;
  readonly #rule: PruneRule;
  readonly #environment: Environment;
  readonly #block: number;
  readonly #groups: ChannelGroups;
  readonly #names: ReadonlyMap<Node, string>;
  readonly #survey: GroupSurvey;
  readonly #found: GroupLevels[] = [];

  /** @param block channels that are left come in multiples of this */
  constructor(
    { name, rule }: { readonly name: string; readonly rule: PruneRule },
    workspace: Workspace,
    policy: Policy,
    environment: Environment,
    block: number,
  ) {
    this.#pass = name;
    this.#rule = rule;
    this.#environment = environment;
    this.#block = block;
    this.#groups = channelGroups(workspace.model, workspace.shapes);
    this.#names = workspace.names();
    this.#survey = new GroupSurvey(
      this.#groups,
      openGroups(this.#groups, workspace.mayLoseFilters(policy)),
      environment.blas,
    );
  }

  /** Groups that are complete, in the order in which they became so. */
  get found(): readonly GroupLevels[] {
    return this.#found;
  }

  asksFor(node: Node): boolean {
    return this.#survey.nodes.has(node);
  }

  async see(node: Node, sight: Sight | undefined): Promise<void> {
    for (const [group, readers] of this.#survey.see(node, sight)) {
      const levels = await this.#levels(group, readers);
      if (levels.length > 0) this.#found.push({ name: levels[0]?.entry.group ?? '', levels });
    }
  }

  async #levels(group: ChannelGroup, readers: readonly GroupReader[]): Promise<readonly PruneLevel[]> {
    const counts = countsGone(group, this.#block);
    const most = counts.at(-1);
    if (most === undefined) return [];
    const { blas, signal } = this.#environment;
    const looks: { count: number; losses: readonly number[] }[] = [];
    const stops: RemovalStops = {
      at: counts,
      async see(count, kernels, losses) {
        const unseen = readers.map(({ unseenLoss }, r) => unseenLoss?.(kernels[r] as Float64Array) ?? losses[r]);
        looks.push({ count, losses: (await Promise.all(unseen)) as number[] });
      },
    };
    const wish = { most, readers, stops };
    const { places, stopped } = await filterOrder(this.#rule, group, this.#groups, wish, this.#environment);
    if (!stopped) await removalOrder(readers, { blas, signal, stops, given: places.slice(0, most) });
    return looks.map(({ count, losses }) => this.#level(group, places.slice(0, count), readers, losses));
  }

  #level(
    group: ChannelGroup,
    places: readonly number[],
    readers: readonly GroupReader[],
    parts: readonly number[],
  ): PruneLevel {
    const gone = new Set(places.map((place) => group.units[place] as number));
    const nameOf = (node: Node) => this.#names.get(node) ?? node.name;
    const losses = new Map<string, number>();
    for (const [r, { node }] of readers.entries())
      losses.set(nameOf(node), (losses.get(nameOf(node)) ?? 0) + (parts[r] as number));
    const loss = parts.reduce((sum, part) => sum + part, 0);
    return {
      entry: prunedGroup(this.#pass, group, this.#names, { gone, loss }),
      gone: new Map([...goneBy(this.#groups, gone)].map(([node, what]) => [nameOf(node), what])),
      losses,
    };
  }
}

/** How many units go, ascending, so that the first maker is left with a multiple of `block` channels. */
function countsGone({ units, members: [first] }: ChannelGroup, block: number): readonly number[] {
  const perUnit = Math.max(1, Math.round((first?.channels.atoms.length ?? 0) / units.length));
  const step = Math.max(1, Math.round(block / perUnit));
  const kept = Array.from({ length: parts - 1 }, (_, part) => {
    const wanted = ((parts - 1 - part) / parts) * units.length;
    return Math.round(wanted / step) * step;
  });
  return [...new Set(kept.filter((count) => count >= 1 && count < units.length).map((count) => units.length - count))];
}
