import { syntheticSpec } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { type Applied, applyNodes, type Calibration, type Plan, type PlanOptions } from '../rewrite/index.ts';
import { compareModels, isUnjudged } from '../validate/index.ts';
import { type CalibrationData, calibrateWith, type Judges, samplesText } from './calibration.ts';
import { finishModel, type OutputModel, withSources } from './output-model.ts';
import { planOfRun } from './plan-of-run.ts';
import type { Run } from './run.ts';
import { type ResolvedPipeline, resolveStages, withPass } from './stages.ts';
import { openStatisticsData } from './statistics.ts';
import { calibrationByDefault, synthetic } from './without-data.ts';

export interface Rewritten {
  readonly applied: Applied;
  readonly output: OutputModel;
}

/** What a run is going to do; where it had to be tried to know, also what came of it. */
export interface Decision {
  readonly pipeline: ResolvedPipeline;
  readonly plan: Plan;
  readonly data: CalibrationData | undefined;
  readonly rewritten?: Rewritten;
}

/** Bounds on √outputError of each node, tried in turn when nobody chose: what is in the budget first is taken. */
const nodeBounds = [0.1, 0.05, 0.025] as const;

/**
 * What a model may lose on samples that its fits have not seen, when nobody asked for more. Synthetic images lie between
 * classes, where little is needed to turn a decision: a ResNet-20 that agrees on 93 % of them agrees on 99.5 % of
 * photographs.
 */
const budget = { outputError: 0.01, agreement: { data: 0.98, synthetic: 0.9 } } as const;

/**
 * Chooses data, passes and ranks. With a pipeline of the user's that is one plan; the preset with data is tried with
 * smaller and smaller errors until the model agrees with the original on samples that were kept back.
 */
export async function decide(run: Run, planning: Pick<PlanOptions, 'fit'> = {}): Promise<Decision> {
  const { options, passes, unsupported } = run;
  const pipeline = resolveStages(options, passes);
  const byPreset = options.pipeline === undefined && (options.passes ?? []).length === 0;
  const given = await openCalibration(run);
  const data = given ?? (byPreset && unsupported === undefined ? await calibrationByDefault(run) : undefined);
  if (!data || !byPreset) return { pipeline, data, plan: await planOfRun(run, pipeline, data, planning) };
  if (data.evidence.kind === 'factors')
    throw diagnostics.usage('factors belong to a plan', 'Carry it out with "onnx-tucker apply --plan plan.json".');
  const judges = await data.judges();
  // Statistics alone can judge nothing: the smallest error that is worth it is taken then.
  for (const bound of judges ? nodeBounds : nodeBounds.slice(-1)) {
    const bounded = withPass(pipeline, `error-ranks{max=${bound}}`, passes);
    const plan = await planOfRun(run, bounded, data, planning);
    const rewritten = await rewrite(run, bounded, plan, data);
    if (!judges || !rewritten.applied.changed || (await isWithinBudget(run, judges, rewritten.output)))
      return { pipeline: bounded, data, plan, rewritten };
  }
  options.onEvent?.({ kind: 'warning', diagnostic: strayed() });
  return { pipeline, data: undefined, plan: await planOfRun(run, pipeline, undefined, planning) };
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
export async function openCalibration(run: Run): Promise<CalibrationData | undefined> {
  const { calibrate, statistics } = run.options;
  if (calibrate !== undefined && statistics !== undefined)
    throw diagnostics.usage('--calibrate and --statistics both say what to fit to: use one of them');
  if (run.unsupported !== undefined) return undefined;
  if (statistics !== undefined) return openStatisticsData(run, statistics);
  if (calibrate === undefined) return undefined;
  const made = calibrate === syntheticSpec ? synthetic(run) : undefined;
  const source = made?.spec === undefined ? { spec: calibrate } : made;
  return calibrateWith(run, source, ({ evidence }) => `${samplesText(evidence)}, ${calibrate}`);
}

export async function rewrite(
  run: Run,
  pipeline: ResolvedPipeline,
  plan: Plan,
  data: CalibrationData | undefined,
): Promise<Rewritten> {
  const { watch } = run;
  const applied = await watch.time('factorize', () => carryOut(run, pipeline, plan, data?.calibration), counted);
  return { applied, output: await watch.time('write', () => finishModel(applied.model, applied.changed)) };
}

async function carryOut(
  { model, unsupported, options, resources, policy, fits }: Run,
  { steps }: ResolvedPipeline,
  { nodes }: Plan,
  calibration: Calibration | undefined,
): Promise<Applied> {
  if (unsupported) {
    const kept = nodes.map((node) => ({
      plan: node,
      weightError: null,
      outputError: null,
      fitted: null,
      exactError: null,
      skipped: { code: 'opset-unsupported' as const, text: unsupported },
    }));
    return { model, reference: undefined, canonical: undefined, nodes: kept, changed: options.freezeInputs ?? false };
  }
  const reference = (options.check ?? 'model') === 'model';
  const data = calibration ? { calibration } : {};
  return applyNodes(model, steps, nodes, policy, resources.environment, fits, { reference, ...data });
}

function counted({ nodes }: Applied): string {
  const rewritten = nodes.filter(({ skipped }) => skipped === null).length;
  return `${rewritten} nodes rewritten, ${nodes.length - rewritten} kept`;
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
