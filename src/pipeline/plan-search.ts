import { diagnostics } from '../diagnostics.ts';
import { isRealDType } from '../ir/index.ts';
import {
  type CandidateOffers,
  type FoundCandidates,
  type NodeOffers,
  offerCandidates,
  type Rewrites,
} from '../rewrite/index.ts';
import { calibrateTimeModel, type TimeModel } from '../timing/index.ts';
import type { CalibrationData } from './calibration.ts';
import { type Pricing, savesAny } from './choice.ts';
import { Choices, type ChoicesInit, type Chooser, type Chosen } from './choices.ts';
import type { Target, TargetKind } from './goal.ts';
import { sensitivitiesOf } from './importance.ts';
import { nearest } from './nearest.ts';
import { PrunedChoices, touchedBy } from './pruned-choices.ts';
import { isNearer, reachTargets } from './reach-targets.ts';
import type { Run } from './run.ts';
import { type ModelCost, sketchCost, sketchEffort } from './sketch.ts';
import type { ResolvedPipeline } from './stages.ts';
import { costsOf, factsOfInput } from './summary.ts';

/** What plans under goals are chosen from: candidates with their errors and costs, found once for any number of targets. */
export class PlanSearch {
  /** Factorizations alone. */
  readonly choices: Choices;
  readonly #withFilters: PrunedChoices | undefined;
  readonly #filtersAlone: PrunedChoices | undefined;
  readonly #run: Run;
  readonly #pipeline: ResolvedPipeline;
  readonly #data: CalibrationData | undefined;
  readonly #before = new Map<TargetKind | undefined, Promise<ModelCost>>();

  private constructor(
    run: Run,
    pipeline: ResolvedPipeline,
    data: CalibrationData | undefined,
    choices: Choices,
    pruning?: { readonly withFilters: PrunedChoices; readonly filtersAlone: PrunedChoices },
  ) {
    this.#run = run;
    this.#pipeline = pipeline;
    this.#data = data;
    this.choices = choices;
    this.#withFilters = pruning?.withFilters;
    this.#filtersAlone = pruning?.filtersAlone;
  }

  /** @param wanted what targets are about; where there are none, time, or what counts where that cannot be told */
  static async open(
    run: Run,
    pipeline: ResolvedPipeline,
    data: CalibrationData | undefined,
    wanted: readonly TargetKind[],
  ): Promise<PlanSearch> {
    const timed = wanted.includes('latency') || (wanted.length === 0 && (run.options.bench ?? true));
    const offers = await offersOf(run, pipeline, data, timed ? leastBlock : 1);
    const model = timed ? await timeModelOf(run, offers.nodes) : undefined;
    const pricing: Pricing = {
      kinds: wanted.length > 0 ? wanted : [model ? ('latency' as const) : priceOf(offers.nodes)],
      milliseconds: model && ((chain) => model.milliseconds(chain)),
      bytesPerParameter: bytesPerParameter(run),
    };
    const { pruned, nodes, groups } = await estimated(run, data, offers, pricing);
    const init: ChoicesInit = {
      ...pricing,
      ...{ pruned, nodes },
      norm: data ? 'outputs' : 'weights',
      counted: new Set([...touchedBy(groups), ...offers.nodes.flatMap(namesOfOffered)]),
    };
    const choices = new Choices(init);
    if (groups.length === 0) return new PlanSearch(run, pipeline, data, choices);
    const whole = {
      ...init,
      nodes: nodes.map((node) => ({ ...node, candidates: [] })),
    };
    return new PlanSearch(run, pipeline, data, choices, {
      withFilters: new PrunedChoices(init, groups, choices),
      filtersAlone: new PrunedChoices(whole, groups, new Choices(whole)),
    });
  }

  /**
   * The least error that costs no more than targets say, or what comes nearest to them.
   *
   * @param targets of the kinds that the search was opened for
   * @throws usage (2) for MACs of a model that leaves sizes open
   */
  async reach(targets: readonly Target[]): Promise<Rewrites> {
    const before = await this.#costAsItIs(targets);
    if (before.macs === null && targets.some(({ kind }) => kind === 'macs'))
      throw diagnostics.usage(
        'a target of MACs: the model leaves sizes open, so its MACs are not known',
        'Give them with --input-shape, or use a target of params or size.',
      );
    const kinds = targets.map(({ kind }) => kind);
    const reach = (choices: Chooser, near?: Chosen) =>
      reachTargets(choices, targets, before, (chosen) => this.#sketchCost(chosen, kinds), {
        from: near?.costs,
        looks: sketchEffort(this.#run.options).looks,
      });
    const contenders = await this.#run.watch.time('plan', async () => {
      const alone = await reach(this.choices);
      const better = alone.met && alone.chosen ? this.betterThan(alone.chosen) : this.#withFilters;
      if (!better) return [alone.rewrites];
      const found = [alone, await reach(better, alone.chosen)];
      if (this.#mayDoWithout(found[1]?.chosen))
        found.push(await reach(this.#filtersAlone as Chooser, found[1]?.chosen));
      const met = found.filter((one) => one.met);
      const left = met.length > 0 ? met : [found.reduce((a, b) => (isNearer(b, a) ? b : a))];
      return left.map(({ rewrites }) => rewrites);
    });
    return nearest(this.#run, this.#pipeline, contenders, this.#data);
  }

  /** Choices that take filters as well, where these forecast less error at the cost of what was chosen without, or less cost. */
  betterThan(chosen: Chosen): Chooser | undefined {
    const { least } = this.choices.range;
    const isLeast = chosen.costs.every((cost, k) => cost <= atTheFloor * (least[k] as number));
    const forecast = isLeast ? undefined : this.#withFilters?.within(chosen.costs);
    return isLeast || (forecast && isBetter(forecast, chosen)) ? this.#withFilters : undefined;
  }

  /** Whether filters alone forecast about as little error as filters and factorizations together. */
  #mayDoWithout(both: Chosen | undefined): boolean {
    if (!both || both.nodes.every(({ method }) => method === null)) return false;
    const forecast = this.#filtersAlone?.within(both.costs);
    return forecast !== undefined && promising * forecast.error <= both.error;
  }

  /** The original; its time is that of its own nodes, kept, against itself. */
  #costAsItIs(targets: readonly Target[]): Promise<ModelCost> {
    const timed = targets.some(({ kind, unit }) => kind === 'latency' && unit === 'amount') ? 'latency' : undefined;
    const known = this.#before.get(timed);
    if (known) return known;
    const { params, macs, bytes } = costsOf(factsOfInput(this.#run));
    const sketch = this.#sketchCost(this.choices.kept(), timed ? [timed] : []);
    const cost = sketch.then(({ latency }) => ({ params, macs, size: bytes, latency }));
    this.#before.set(timed, cost);
    return cost;
  }

  #sketchCost(rewrites: Rewrites, kinds: readonly TargetKind[]): Promise<ModelCost> {
    return sketchCost(this.#run, this.#pipeline, rewrites, this.#data, kinds);
  }
}

/** A forecast has to be better by this part to be worth two fits: sums of node errors forecast no better. */
const promising = 0.95;

/** What factorizing alone cannot make cheaper. */
const atTheFloor = 1.02;

/** Its name where something could take the place of a node: what it costs counts, also where nothing saves any of that. */
function namesOfOffered({ name, offers }: NodeOffers): readonly string[] {
  return offers.length > 0 ? [name] : [];
}

function isBetter(forecast: Chosen, than: Chosen): boolean {
  return forecast.pruned.length > than.pruned.length && forecast.error < promising * than.error;
}

/** Ranks to time: where the stairs of the SIMD width lie is measured, and all widths are multiples of this. */
const leastBlock = 4;

function offersOf(
  { model, policy, resources, watch }: Run,
  { steps }: ResolvedPipeline,
  data: CalibrationData | undefined,
  block: number,
): Promise<CandidateOffers> {
  return watch.add('plan', () =>
    offerCandidates(model, steps, policy, resources.environment, {
      block,
      ...(data && { calibration: data.comparison }),
    }),
  );
}

/** Only what saves anything of what is to be saved is worth fits. */
async function estimated(
  run: Run,
  data: CalibrationData | undefined,
  offers: CandidateOffers,
  pricing: Pricing,
): Promise<FoundCandidates> {
  return run.watch.time(
    'plan',
    async () => {
      // One waits for ONNX Runtime while the other computes.
      const [sensitivities, { pruned, nodes, groups }] = await Promise.all([
        sensitivitiesOf(run, data),
        offers.estimate((node) => savesAny(pricing, node)),
      ]);
      const sensitivityOf = (name: string) => sensitivities.get(name) ?? null;
      return {
        pruned,
        groups,
        nodes: nodes.map((node) => ({
          ...node,
          kept: { ...node.kept, sensitivity: sensitivityOf(node.kept.name) },
        })),
      };
    },
    ({ nodes, groups }) => {
      const count = nodes.reduce((sum, { candidates }) => sum + candidates.length, 0);
      const prunable = groups.length > 0 ? `, ${groups.length} groups that could lose filters` : '';
      return `${count} candidates for ${nodes.length} nodes${prunable}`;
    },
  );
}

/** What everything on offer takes on this machine; undefined where ONNX Runtime runs none of them. */
async function timeModelOf(
  { resources, options: { threads = 1, device = 'cpu' }, cache, watch }: Run,
  nodes: readonly NodeOffers[],
): Promise<TimeModel | undefined> {
  const chains = nodes.flatMap(({ step, offers }) =>
    step && offers.length > 0 ? [[step], ...offers.map(({ steps }) => steps)] : [],
  );
  return watch.time(
    'bench',
    async () => calibrateTimeModel(await resources.runtime(), chains, { threads, device, cache }),
    (model) =>
      model
        ? `${model.measured} chains of operators timed, ${model.cached} known; channels in blocks of ${model.block}`
        : 'no chain of operators could be timed',
  );
}

/** Of the widest type among the weights that make up most of a model: that of most numbers. */
function bytesPerParameter({ model }: Run): number {
  const bytes = new Map<number, number>();
  for (const { tensor } of model.graph.initializers) {
    if (!tensor || !isRealDType(tensor.dtype)) continue;
    const width = tensor.source.byteLength / Math.max(1, tensor.size);
    bytes.set(width, (bytes.get(width) ?? 0) + tensor.size);
  }
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 4;
}

/** What counts where nothing was said and time cannot be told: MACs, or parameters where sizes are open. */
function priceOf(nodes: readonly NodeOffers[]): TargetKind {
  return nodes.some(({ cost }) => cost?.macsUnit === 'position') ? 'params' : 'macs';
}
