import { diagnostics } from '../diagnostics.ts';
import { isRealDType } from '../ir/index.ts';
import { findCandidates, type NodeCandidates, type PlanNode } from '../rewrite/index.ts';
import { calibrateTimeModel, type TimeModel } from '../timing/index.ts';
import type { CalibrationData, Judges } from './calibration.ts';
import { Choices } from './choices.ts';
import type { Goal, TargetKind } from './goal.ts';
import { checkLosses, judgeLosses, type LossOutcome } from './judge-loss.ts';
import { keptNodes, planOf } from './plan-of-run.ts';
import { reachTargets } from './reach-targets.ts';
import { type Rewritten, rewrite } from './rewritten.ts';
import type { Run } from './run.ts';
import { type ModelCost, sketchCost } from './sketch.ts';
import { smallestWithin } from './smallest-within.ts';
import type { ResolvedPipeline } from './stages.ts';
import { factsOfInput, summarize } from './summary.ts';

/** A goal, and how far it was reached as far as the finished model is not needed to tell. */
export interface GoalOutcome {
  readonly goal: Goal;
  readonly losses: readonly LossOutcome[];
}

export interface GoalDecision {
  readonly nodes: readonly PlanNode[];
  readonly rewritten: Rewritten | undefined;
  readonly outcome: GoalOutcome;
}

/** Chooses method and ranks of all nodes together, so that the whole model reaches the goal. */
export async function decideGoal(
  run: Run,
  goal: Goal,
  pipeline: ResolvedPipeline,
  data: CalibrationData | undefined,
): Promise<GoalDecision> {
  const { unsupported, model } = run;
  if (unsupported !== undefined) {
    const losses = goal.losses.map((loss) => ({ loss, reached: 0, ci95: null, met: true }));
    return {
      nodes: keptNodes(model, 'opset-unsupported', unsupported),
      rewritten: undefined,
      outcome: { goal, losses },
    };
  }
  const search = await GoalSearch.open(run, goal, pipeline, data);
  return goal.targets.length > 0 ? search.reachTargets() : search.keepLosses();
}

/** Errors of a final fit may differ from those of quick ones: so much more budget each time it loses too much. */
const backOff = 1.08;

const mostBackOffs = 3;

class GoalSearch {
  readonly #run: Run;
  readonly #goal: Goal;
  readonly #pipeline: ResolvedPipeline;
  readonly #data: CalibrationData | undefined;
  readonly #judges: Judges | undefined;
  readonly #choices: Choices;

  private constructor(
    run: Run,
    goal: Goal,
    pipeline: ResolvedPipeline,
    data: CalibrationData | undefined,
    judges: Judges | undefined,
    choices: Choices,
  ) {
    this.#run = run;
    this.#goal = goal;
    this.#pipeline = pipeline;
    this.#data = data;
    this.#judges = judges;
    this.#choices = choices;
  }

  static async open(run: Run, goal: Goal, pipeline: ResolvedPipeline, data: CalibrationData | undefined) {
    const judges = goal.losses.length > 0 ? await data?.judges() : undefined;
    if (goal.losses.length > 0) checkLosses(goal.losses, judges);
    const wanted = goal.targets.map(({ kind }) => kind);
    const timed = wanted.includes('latency') || (wanted.length === 0 && (run.options.bench ?? true));
    const nodes = await candidatesOf(run, pipeline, data, timed ? leastBlock : 1);
    const model = timed ? await timeModelOf(run, nodes) : undefined;
    const kinds = wanted.length > 0 ? wanted : [model ? ('latency' as const) : priceOf(nodes)];
    const choices = new Choices({
      nodes,
      kinds,
      milliseconds: model && ((chain) => model.milliseconds(chain)),
      bytesPerParameter: bytesPerParameter(run),
      norm: data ? 'outputs' : 'weights',
    });
    return new GoalSearch(run, goal, pipeline, data, judges, choices);
  }

  /** The least error that costs no more than the targets say. */
  async reachTargets(): Promise<GoalDecision> {
    const { targets } = this.#goal;
    const before = await this.#costAsItIs();
    const unknown = targets.find(({ kind }) => kind === 'macs' && before.macs === null);
    if (unknown)
      throw diagnostics.usage(
        '--target macs: the model leaves sizes open, so its MACs are not known',
        'Give them with --input-shape, or use a target of params or size.',
      );
    const kinds = targets.map(({ kind }) => kind);
    const { nodes } = await this.#run.watch.time('plan', () =>
      reachTargets(this.#choices, targets, before, (chosen) =>
        sketchCost(this.#run, this.#pipeline, chosen, this.#data, kinds),
      ),
    );
    const chosen = nodes.length > 0 ? nodes : this.#choices.kept();
    return this.#judged(chosen, await this.#fit(chosen));
  }

  /** The smallest cost that loses no more than was allowed: quick fits find the budget, one as asked for uses it. */
  async keepLosses(): Promise<GoalDecision> {
    const { whole, least } = this.#choices.range;
    const [total = 0, lowest = 0] = [whole[0], least[0]];
    const within = (share: number) =>
      this.#choices.within([Math.max(lowest, share * total)])?.nodes ?? this.#choices.kept();
    const { best } = await smallestWithin(total > 0 ? lowest / total : 1, async (share) => {
      const nodes = within(share);
      const losses = await this.#losses(await this.#fit(nodes, true));
      return { result: losses, kept: losses.every(({ met }) => met) };
    });
    let share = best?.share ?? 1;
    for (let step = 0; share < 1 && step <= mostBackOffs; step++) {
      const nodes = within(share);
      const decision = await this.#judged(nodes, await this.#fit(nodes));
      if (decision.outcome.losses.every(({ met }) => met)) return decision;
      share *= backOff;
    }
    const kept = this.#choices.kept();
    return this.#judged(kept, await this.#fit(kept));
  }

  /** @param draft quickly, to see what would be lost */
  #fit(nodes: readonly PlanNode[], draft = false): Promise<Rewritten> {
    const plan = planOf(this.#run, this.#pipeline.text, this.#data, nodes);
    const calibration = draft ? this.#data?.at('fast') : this.#data?.calibration;
    return rewrite(this.#run, this.#pipeline, plan, { calibration, draft });
  }

  async #judged(nodes: readonly PlanNode[], rewritten: Rewritten): Promise<GoalDecision> {
    return { nodes, rewritten, outcome: { goal: this.#goal, losses: await this.#losses(rewritten) } };
  }

  async #losses({ output }: Rewritten): Promise<readonly LossOutcome[]> {
    const { losses } = this.#goal;
    return this.#judges ? judgeLosses(this.#run, losses, this.#judges, output) : [];
  }

  /** The original; its time is that of its own nodes, kept, against itself. */
  async #costAsItIs(): Promise<ModelCost> {
    const { params, macs, bytes } = summarize(factsOfInput(this.#run));
    const timed = this.#goal.targets.filter(({ kind, unit }) => kind === 'latency' && unit === 'amount');
    const { latency } = await sketchCost(
      this.#run,
      this.#pipeline,
      this.#choices.kept(),
      this.#data,
      timed.map(({ kind }) => kind),
    );
    return { params, macs, size: bytes, latency };
  }
}

/** Ranks to time: where the stairs of the SIMD width lie is measured, and all widths are multiples of this. */
const leastBlock = 4;

async function candidatesOf(
  { model, policy, resources, watch }: Run,
  { steps }: ResolvedPipeline,
  data: CalibrationData | undefined,
  block: number,
): Promise<readonly NodeCandidates[]> {
  return watch.time(
    'plan',
    () =>
      findCandidates(model, steps, policy, resources.environment, {
        block,
        ...(data && { calibration: data.at('fast') }),
      }),
    (found) => {
      const count = found.reduce((sum, { candidates }) => sum + candidates.length, 0);
      return `${count} candidates for ${found.length} nodes`;
    },
  );
}

/** What all candidates take on this machine; undefined where ONNX Runtime runs none of them. */
async function timeModelOf(
  { resources, options: { threads = 1, device = 'cpu' }, cache, watch }: Run,
  nodes: readonly NodeCandidates[],
): Promise<TimeModel | undefined> {
  const chains = nodes.flatMap(({ step, candidates }) =>
    step && candidates.length > 0 ? [[step], ...candidates.map(({ steps }) => steps)] : [],
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
function priceOf(nodes: readonly NodeCandidates[]): TargetKind {
  return nodes.some(({ cost }) => cost?.macsUnit === 'position') ? 'params' : 'macs';
}
