import type { Rewrites } from '../rewrite/index.ts';
import type { CalibrationData, Judges } from './calibration.ts';
import type { Chooser } from './choices.ts';
import type { Goal } from './goal.ts';
import { checkLosses, judgeLosses, type LossOutcome, lossWarnings } from './judge-loss.ts';
import { keeping } from './plan-of-run.ts';
import { PlanSearch } from './plan-search.ts';
import { type Rewritten, rewrite } from './rewritten.ts';
import type { Run } from './run.ts';
import { smallestWithin } from './smallest-within.ts';
import type { ResolvedPipeline } from './stages.ts';

/** A goal, and how far it was reached as far as the finished model is not needed to tell. */
export interface GoalOutcome {
  readonly goal: Goal;
  readonly losses: readonly LossOutcome[];
}

export interface GoalDecision {
  readonly rewrites: Rewrites;
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
      rewrites: keeping(model, 'opset-unsupported', unsupported),
      rewritten: undefined,
      outcome: { goal, losses },
    };
  }
  const search = await GoalSearch.open(run, goal, pipeline, data);
  const decision = await (goal.targets.length > 0 ? search.reachTargets() : search.keepLosses());
  for (const diagnostic of lossWarnings(decision.outcome.losses))
    run.options.onEvent?.({ kind: 'warning', diagnostic });
  return decision;
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
  readonly #plans: PlanSearch;

  private constructor(
    run: Run,
    goal: Goal,
    pipeline: ResolvedPipeline,
    data: CalibrationData | undefined,
    judges: Judges | undefined,
    plans: PlanSearch,
  ) {
    this.#run = run;
    this.#goal = goal;
    this.#pipeline = pipeline;
    this.#data = data;
    this.#judges = judges;
    this.#plans = plans;
  }

  static async open(run: Run, goal: Goal, pipeline: ResolvedPipeline, data: CalibrationData | undefined) {
    const judges = goal.losses.length > 0 ? await data?.judges() : undefined;
    if (goal.losses.length > 0) checkLosses(goal.losses, judges);
    const wanted = goal.targets.map(({ kind }) => kind);
    return new GoalSearch(run, goal, pipeline, data, judges, await PlanSearch.open(run, pipeline, data, wanted));
  }

  /** The least error that costs no more than the targets say. */
  async reachTargets(): Promise<GoalDecision> {
    const rewrites = await this.#plans.reach(this.#goal.targets);
    // Without losses to judge the model is made where it is wanted.
    if (!this.#judges) return { rewrites, rewritten: undefined, outcome: { goal: this.#goal, losses: [] } };
    return this.#judged(rewrites, await this.#fit(rewrites));
  }

  /** The smallest cost that loses no more than was allowed: quick fits find the budget, one as asked for uses it. */
  async keepLosses(): Promise<GoalDecision> {
    const { choices } = this.#plans;
    const alone = await this.#smallest(choices);
    const chosen = alone.within(alone.share);
    // Where filters that go forecast less error at the same cost, what they reach is looked at too.
    const pruning = chosen && this.#plans.betterThan(chosen);
    const pruned = pruning && (await this.#smallest(pruning, alone.share));
    const { within, share: smallest } = pruned && pruned.share < alone.share ? pruned : alone;
    let share = smallest;
    for (let step = 0; share < 1 && step <= mostBackOffs; step++) {
      const rewrites = within(share) ?? choices.kept();
      const decision = await this.#judged(rewrites, await this.#fit(rewrites));
      if (decision.outcome.losses.every(({ met }) => met)) return decision;
      share *= backOff;
    }
    const kept = choices.kept();
    return this.#judged(kept, await this.#fit(kept));
  }

  /**
   * The smallest share of the cost of all nodes at which quick fits keep the promise.
   *
   * @param most what is known to keep it by other means
   */
  async #smallest(choices: Chooser, most = 1) {
    const { whole, least } = choices.range;
    const [total = 0, lowest = 0] = [whole[0], least[0]];
    const within = (share: number) => choices.within([Math.max(lowest, share * total)]);
    const range = { least: total > 0 ? lowest / total : 1, most };
    const { best } = await smallestWithin(range, async (share) => {
      const losses = await this.#losses(await this.#fit(within(share) ?? choices.kept(), true));
      return { result: losses, kept: losses.every(({ met }) => met), lost: mostLost(losses) };
    });
    return { within, share: best?.share ?? 1 };
  }

  /** @param draft quickly, to see what would be lost */
  #fit(rewrites: Rewrites, draft = false): Promise<Rewritten> {
    const calibration = draft ? this.#data?.at('fast') : this.#data?.calibration;
    return rewrite(this.#run, this.#pipeline, rewrites, { calibration, draft });
  }

  async #judged(rewrites: Rewrites, rewritten: Rewritten): Promise<GoalDecision> {
    return { rewrites, rewritten, outcome: { goal: this.#goal, losses: await this.#losses(rewritten) } };
  }

  async #losses({ output }: Rewritten): Promise<readonly LossOutcome[]> {
    const { losses } = this.#goal;
    return this.#judges ? judgeLosses(this.#run, losses, this.#judges, output) : [];
  }
}

/** What was lost ÷ what may be, of the loss for which that is most. */
function mostLost(losses: readonly LossOutcome[]): number | null {
  const parts = losses.map(({ loss: { most }, reached }) => (reached === null || most <= 0 ? null : reached / most));
  return parts.reduce<number | null>((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0);
}
