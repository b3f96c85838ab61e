import type { Rewrites } from '../rewrite/index.ts';
import type { CalibrationData, Judges } from './calibration.ts';
import type { Chooser } from './choices.ts';
import type { Goal } from './goal.ts';
import { checkLosses, judgeLosses, type LossOutcome, lossWarnings } from './judge-loss.ts';
import { keeping } from './plan-of-run.ts';
import { PlanSearch } from './plan-search.ts';
import { type Rewritten, rewrite } from './rewritten.ts';
import type { Run } from './run.ts';
import { type Attempt, smallestWithin } from './smallest-within.ts';
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

/**
 * Final fits lose less than quick ones, or by chance more: how far beyond the budgets at which these failed and held it is
 * looked again.
 */
const around = { least: 0.93, most: 1.25, trials: 4 } as const;

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

  /** The smallest cost that loses no more than was allowed: quick fits find about where, some as asked for find it. */
  async keepLosses(): Promise<GoalDecision> {
    const { choices } = this.#plans;
    const alone = await this.#smallest(choices);
    const chosen = alone.within(alone.share);
    // Where filters that go forecast less error at the same cost, what they reach is looked at too.
    const pruning = chosen && this.#plans.betterThan(chosen);
    const pruned = pruning && (await this.#smallest(pruning, alone.share));
    const { within, least, failed, share } = pruned && pruned.share < alone.share ? pruned : alone;
    const decide = async (rewrites: Rewrites) => this.#judged(rewrites, await this.#fit(rewrites));
    if (share === 1) return decide(choices.kept());
    const range = {
      least: Math.max(least, around.least * failed),
      most: Math.min(1, around.most * share),
      ...{ first: share, trials: around.trials },
    };
    const { best } = await smallestWithin(range, async (at) => {
      const decision = await decide(within(at) ?? choices.kept());
      return attempted(decision.outcome.losses, decision);
    });
    return best?.result ?? decide(choices.kept());
  }

  /**
   * The smallest share of the cost of all nodes at which quick fits keep the promise, and the largest below it at which they
   * failed.
   *
   * @param most what is known to keep it by other means
   */
  async #smallest(choices: Chooser, most = 1) {
    const { range } = choices;
    const [total = 0, lowest = 0] = [range.whole[0], range.least[0]];
    const within = (share: number) => choices.within([Math.max(lowest, share * total)]);
    const least = total > 0 ? lowest / total : 1;
    const { best, trials } = await smallestWithin({ least, most }, async (share) => {
      const rewrites = within(share) ?? choices.kept();
      return attempted(await this.#losses(await this.#fit(rewrites, true)), undefined);
    });
    const share = best?.share ?? 1;
    const failed = Math.max(least, ...trials.filter((one) => one.share < share).map((one) => one.share));
    return { within, least, failed, share };
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

function attempted<Result>(losses: readonly LossOutcome[], result: Result): Attempt<Result> {
  return { result, kept: losses.every(({ met }) => met), lost: mostLost(losses) };
}

/** What was lost ÷ what may be, of the loss for which that is most. */
function mostLost(losses: readonly LossOutcome[]): number | null {
  const parts = losses.map(({ loss: { most }, reached }) => (reached === null || most <= 0 ? null : reached / most));
  return parts.reduce<number | null>((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0);
}
