import { type ChannelGroup, type ChannelGroups, channelGroups, removableUnits } from '../channels/index.ts';
import { diagnostics } from '../diagnostics.ts';
import type { GroupReader, PruneOrder, PruneRule } from '../pass/index.ts';
import type { Calibration } from './calibration.ts';
import { filterOrder, prunedGroup } from './filter-order.ts';
import { GroupSurvey, sightOf } from './group-survey.ts';
import { inOrder, Observation } from './observation.ts';
import { passFailure } from './pass-failure.ts';
import { pruneSteps, type Stage } from './pipeline.ts';
import type { PrunedGroup } from './plan.ts';
import { groupName, openGroups } from './remove-filters.ts';
import type { Environment, Policy, Workspace } from './workspace.ts';

/**
 * Decides which filters go by the prune passes of a pipeline, and removes them: the first part of planning.
 *
 * @param workspace as it came; afterwards as `prepare` makes it with the answer
 * @param original canonicalized: what data are told of
 * @throws usage for a criterion that needs data where there are none
 */
export async function chooseFilters(
  workspace: Workspace,
  original: Workspace,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
  calibration: Calibration | undefined,
): Promise<readonly PrunedGroup[]> {
  workspace.runAll(stages, 'canonicalize');
  const chosen: PrunedGroup[] = [];
  for (const { name, rule } of pruneSteps(stages)) {
    if (rule.count === undefined) {
      workspace.removeIdle(policy);
      continue;
    }
    if (rule.data === 'needed' && !calibration)
      throw diagnostics.usage(
        `${name}: this criterion goes by what the filters do on data`,
        'Give some with --calibrate, or use criterion=l2.',
      );
    const chooser = new FilterChooser(name, rule, rule.count, workspace, environment);
    const entries = await chooser.choose(policy, rule.data === 'none' ? undefined : calibration, original);
    workspace.removePlanned(entries);
    chosen.push(...entries);
  }
  return chosen;
}

/** One prune pass at work on all free groups. */
class FilterChooser {
  readonly #pass: string;
  readonly #rule: PruneRule;
  readonly #count: (units: number) => number;
  readonly #workspace: Workspace;
  readonly #environment: Environment;
  readonly #groups: ChannelGroups;

  constructor(
    pass: string,
    rule: PruneRule,
    count: (units: number) => number,
    workspace: Workspace,
    environment: Environment,
  ) {
    this.#pass = pass;
    this.#rule = rule;
    this.#count = count;
    this.#workspace = workspace;
    this.#environment = environment;
    this.#groups = channelGroups(workspace.model, workspace.shapes);
  }

  async choose(
    policy: Policy,
    calibration: Calibration | undefined,
    original: Workspace,
  ): Promise<readonly PrunedGroup[]> {
    const open = openGroups(this.#groups, this.#workspace.mayLoseFilters(policy)).filter(
      (group) => this.#wanted(group) > 0,
    );
    const orders = new Map<ChannelGroup, PruneOrder>();
    if (calibration)
      for await (const [group, readers] of surveyed(
        this.#groups,
        open,
        this.#workspace,
        original,
        calibration,
        this.#environment,
      ))
        orders.set(group, await this.#order(group, readers));
    for (const group of open) {
      if (orders.has(group)) continue;
      if (this.#rule.data === 'needed') this.#warn(group);
      else orders.set(group, await this.#order(group, undefined));
    }
    return this.#entries(open, orders);
  }

  /** How many units of a group are to go. One stays at least. */
  #wanted({ units }: ChannelGroup): number {
    return Math.min(this.#count(units.length), units.length - 1);
  }

  /** A pass that breaks down leaves the group as it is. */
  async #order(group: ChannelGroup, readers: readonly GroupReader[] | undefined): Promise<PruneOrder> {
    const wish = { most: this.#wanted(group), readers };
    return filterOrder(this.#rule, group, this.#groups, wish, this.#environment).catch((cause: unknown) => {
      const [first] = group.members;
      if (!first) throw cause;
      passFailure(first.node, groupName(group, this.#workspace.names()), cause, this.#environment);
      return { places: [] };
    });
  }

  #entries(open: readonly ChannelGroup[], orders: ReadonlyMap<ChannelGroup, PruneOrder>): readonly PrunedGroup[] {
    const wanted = open.flatMap((group) =>
      (orders.get(group)?.places ?? []).slice(0, this.#wanted(group)).map((place) => group.units[place] as number),
    );
    const going = removableUnits(this.#groups, wanted);
    return open.flatMap((group) => {
      const gone = new Set(group.units.filter((unit) => going.has(unit)));
      if (gone.size === 0) return [];
      const loss = orders.get(group)?.losses?.[gone.size - 1] ?? null;
      return prunedGroup(this.#pass, group, this.#workspace.names(), { gone, loss });
    });
  }

  #warn(group: ChannelGroup): void {
    const text = 'what reads these channels could not be observed: none of them go';
    const node = groupName(group, this.#workspace.names());
    this.#environment.onEvent({ kind: 'warning', diagnostic: diagnostics.warning('unobserved', text, { node }) });
  }
}

/** Groups with what their readers see on data, as they become complete. */
async function* surveyed(
  groups: ChannelGroups,
  open: readonly ChannelGroup[],
  workspace: Workspace,
  original: Workspace,
  calibration: Calibration,
  environment: Environment,
): AsyncGenerator<readonly [ChannelGroup, readonly GroupReader[]]> {
  const survey = new GroupSurvey(groups, open, environment.blas);
  const names = workspace.names();
  const nodes = inOrder(workspace).filter((node) => survey.nodes.has(node));
  const wanted = new Set(nodes.flatMap((node) => names.get(node) ?? []));
  const observation = await Observation.open(calibration, original, workspace, wanted, { alone: true });
  try {
    for (const [done, node] of nodes.entries()) {
      environment.signal.throwIfAborted();
      const name = names.get(node) ?? node.name;
      yield* survey.see(node, await sightOf(name, node, workspace, observation, environment.blas));
      environment.onEvent({ kind: 'progress', stage: 'prune', done: done + 1, total: nodes.length, item: name });
    }
  } finally {
    await observation.close();
  }
}
