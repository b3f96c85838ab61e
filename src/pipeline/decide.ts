import { syntheticSpec } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import type { Plan, PlanOptions } from '../rewrite/index.ts';
import { compareModels, isUnjudged } from '../validate/index.ts';
import { type CalibrationData, calibrateWith, type Judges, samplesText } from './calibration.ts';
import { decideGoal, type GoalOutcome } from './decide-goal.ts';
import { type Goal, goalOf, goalTexts } from './goal.ts';
import type { EngineOptions } from './options.ts';
import { type OutputModel, withSources } from './output-model.ts';
import { planOf, planOfRun } from './plan-of-run.ts';
import { presets } from './presets.ts';
import { type Rewritten, rewrite } from './rewritten.ts';
import type { Run } from './run.ts';
import { type ResolvedPipeline, resolveGoalStages, resolveStages, withPass } from './stages.ts';
import { openStatisticsData } from './statistics.ts';
import { calibrationByDefault, synthetic } from './without-data.ts';

/** What a run is going to do; where it had to be tried to know, also what came of it. */
export interface Decision {
  readonly pipeline: ResolvedPipeline;
  readonly plan: Plan;
  readonly data: CalibrationData | undefined;
  readonly rewritten?: Rewritten;
  /** What the user asked for; latency is judged on the finished model. */
  readonly goal?: GoalOutcome;
  /** Whether nobody listed passes or named a cost: what does not pay in time is taken back then. */
  readonly ours?: boolean;
}

/** Bounds on √outputError of each node, tried in turn when nobody chose: what is in the budget first is taken. */
const nodeBounds = [0.1, 0.05, 0.025] as const;

/**
 * What a model may lose on samples that its fits have not seen, when nobody asked for more. Synthetic images lie between
 * classes, where little is needed to turn a decision: a ResNet-20 that agrees on 93 % of them agrees on 99.5 % of
 * photographs.
 */
const budget = { outputError: 0.01, agreement: { data: 0.98, synthetic: 0.9 } } as const;

/** What a run was asked for. */
export interface Setting {
  readonly goal: Goal | undefined;
  /** As it was named, before ranks are chosen. */
  readonly pipeline: ResolvedPipeline;
  /** Whether nobody listed passes. */
  readonly byPreset: boolean;
  /** What to fit to: what was named, or what is there without data. */
  readonly data: CalibrationData | undefined;
}

/** @throws what options, pipelines and data can throw */
export async function settingOf(run: Run, goal = goalOfRun(run.options)): Promise<Setting> {
  const { options, passes, unsupported } = run;
  const pipeline = goal ? resolveGoalStages(options, passes) : resolveStages(options, passes);
  const byPreset = options.pipeline === undefined && (options.passes ?? []).length === 0;
  const heldBack = goal && goal.losses.length > 0 ? 'quarter' : undefined;
  const given = await openCalibration(run, heldBack);
  const byDefault = (goal !== undefined || byPreset) && unsupported === undefined;
  const data = given ?? (byDefault ? await calibrationByDefault(run) : undefined);
  if (goal || byPreset) refuseFactors(data);
  return { goal, pipeline, byPreset, data };
}

/**
 * Chooses data, passes and ranks. With a pipeline of the user's that is one plan; the preset with data is tried with
 * smaller and smaller errors until the model agrees with the original on samples that were kept back.
 */
export async function decide(
  run: Run,
  { goal, pipeline, byPreset, data }: Setting,
  planning: Pick<PlanOptions, 'fit'> = {},
): Promise<Decision> {
  const { options, passes } = run;
  if (goal) return underGoal(run, goal, pipeline, data);
  if (!data || !byPreset)
    return { pipeline, data, plan: await planOfRun(run, pipeline, data, planning), ours: byPreset };
  const judges = await data.judges();
  // Statistics alone can judge nothing: the smallest error that is worth it is taken then.
  for (const bound of judges ? nodeBounds : nodeBounds.slice(-1)) {
    const bounded = withPass(pipeline, `error-ranks{max=${bound}}`, passes);
    const plan = await planOfRun(run, bounded, data, planning);
    const rewritten = await rewrite(run, bounded, plan, { calibration: data.calibration });
    if (!judges || !rewritten.applied.changed || (await isWithinBudget(run, judges, rewritten.output)))
      return { pipeline: bounded, data, plan, rewritten, ours: true };
  }
  options.onEvent?.({ kind: 'warning', diagnostic: strayed() });
  return { pipeline, data: undefined, plan: await planOfRun(run, pipeline, undefined, planning), ours: true };
}

/** @throws what `goalOf` throws */
export function goalOfRun(options: EngineOptions): Goal | undefined {
  return goalOf(options) ?? goalOfPreset(options);
}

/** Presets other than `safe` are goals; a pipeline or passes of the user's have none. */
function goalOfPreset({ pipeline, preset = 'safe' }: EngineOptions): Goal | undefined {
  const { maxError } = presets[preset];
  return pipeline === undefined && maxError !== undefined
    ? { targets: [], losses: [{ kind: 'error', most: maxError }] }
    : undefined;
}

async function underGoal(
  run: Run,
  goal: Goal,
  pipeline: ResolvedPipeline,
  data: CalibrationData | undefined,
): Promise<Decision> {
  const { rewrites, rewritten, outcome } = await decideGoal(run, goal, pipeline, data);
  const plan = planOf(run, pipeline.text, data, rewrites, goalTexts(goal));
  // Who names a cost gets it, also where it is no time.
  const ours = goal.targets.length === 0;
  return { pipeline, plan, data, goal: outcome, ours, ...(rewritten && { rewritten }) };
}

function refuseFactors(data: CalibrationData | undefined): void {
  if (data?.evidence.kind === 'factors')
    throw diagnostics.usage('factors belong to a plan', 'Carry it out with "onnx-tucker apply --plan plan.json".');
}

function strayed() {
  return diagnostics.warning(
    'beyond-budget',
    'fitted to the data, the model still strays from the original on samples kept back; fits rest on the weights alone',
    undefined,
    'A --pipeline of your own is not bounded',
  );
}

/**
 * Opens what --calibrate or --statistics names.
 *
 * @returns undefined where fits rest on the weights alone
 * @throws usage (2) for both, what reading the data or the statistics throws (2, 7)
 */
export async function openCalibration(run: Run, heldBack?: 'quarter'): Promise<CalibrationData | undefined> {
  const { calibrate, statistics } = run.options;
  if (calibrate !== undefined && statistics !== undefined)
    throw diagnostics.usage('--calibrate and --statistics both say what to fit to: use one of them');
  if (run.unsupported !== undefined) return undefined;
  if (statistics !== undefined) return openStatisticsData(run, statistics);
  if (calibrate === undefined) return undefined;
  const made = calibrate === syntheticSpec ? synthetic(run) : undefined;
  const source = { ...(made?.spec === undefined ? { spec: calibrate } : made), ...(heldBack && { heldBack }) };
  return calibrateWith(run, source, ({ evidence }) => `${samplesText(evidence)}, ${calibrate}`);
}

/** Whether a result agrees with the original on the samples that judge it. */
async function isWithinBudget(run: Run, { dataset }: Judges, output: OutputModel): Promise<boolean> {
  const runtime = await run.resources.runtime();
  return withSources([output.model], async ([written]) => {
    if (!written) return false;
    const compared = await compareModels(runtime, run.loaded.source, written, { batches: dataset.batches(32) });
    if (isUnjudged(compared)) return false;
    const { top1Agreement, outputError } = compared;
    const least = dataset.synthetic ? budget.agreement.synthetic : budget.agreement.data;
    return outputError <= budget.outputError && (top1Agreement ?? 1) >= least;
  });
}
