import { diagnostics } from '../diagnostics.ts';
import type { Model } from '../ir/index.ts';
import { type Plan, planSchema } from '../rewrite/index.ts';
import { type Decision, openCalibration, settingOf } from './decide.ts';
import { checkEvidence, fittingOf, weightsAlone } from './evidence.ts';
import type { Compressed, EngineOptions, ModelInput } from './options.ts';
import { saveModel } from './output-model.ts';
import { keptNodes } from './plan-of-run.ts';
import { decideOnce, type Result, remembered, results } from './remembered.ts';
import { findingsOf, reportOfRun } from './report-of-run.ts';
import { rewrite } from './rewritten.ts';
import { type Run, withRun } from './run.ts';
import { resolveStages } from './stages.ts';
import { takeBack } from './take-back.ts';
import { verdictOf } from './verdict.ts';

/**
 * Decides what is to become of each Conv, ConvTranspose, Gemm and MatMul, and changes nothing.
 *
 * @throws what reading a model (3, 4, 7), options and pipelines (2) can throw
 */
export async function plan(input: ModelInput, options: EngineOptions = {}): Promise<Plan> {
  return withRun(input, options, async (run) => {
    const setting = await settingOf(run);
    return (await decideOnce(run, setting, { fit: true })).plan;
  });
}

/**
 * Plans, rewrites, checks and measures: the main job. Nothing is written until `writeTo` is called on the result.
 *
 * @throws check-failed (5) when the rewritten model does not prove equal to what was planned, and what `plan` throws
 */
export async function compress(input: ModelInput, options: EngineOptions = {}): Promise<Compressed> {
  return withRun(input, options, async (run) => {
    const setting = await settingOf(run);
    return compressed(
      run,
      await remembered(run, setting, results, async () => finish(run, await decideOnce(run, setting))),
    );
  });
}

/**
 * Executes a plan on the model that it was made for: the same bytes as the run that wrote it, or what an edited plan says.
 *
 * @throws plan-mismatch (2) for another model or something that is no plan, and what `compress` throws
 */
export async function apply(input: ModelInput, given: Plan, options: EngineOptions = {}): Promise<Compressed> {
  return planRun(input, checkedPlan(given), options, async (run, plan) => {
    const data = await openCalibration(run);
    if (!options.refit) checkEvidence(plan.evidence, data);
    const chosen = { ...plan, evidence: data?.evidence ?? weightsAlone };
    const pipeline = resolveStages(run.options, run.passes);
    return compressed(run, await finish(run, { pipeline, plan: chosen, data }));
  });
}

/** @throws plan-mismatch (2) for something that is no plan */
export function checkedPlan(given: Plan): Plan {
  const { success, data, error } = planSchema.safeParse(given);
  if (success) return data;
  const [issue] = error.issues;
  throw diagnostics.planMismatch(`this is no plan: ${issue?.path.join('.')}: ${issue?.message}`);
}

/**
 * A run with the options that a plan was made with, on the model that it was made for.
 *
 * @throws plan-mismatch (2) for another model
 */
export function planRun<Result>(
  input: ModelInput,
  plan: Plan,
  options: EngineOptions,
  work: (run: Run, plan: Plan) => Promise<Result>,
): Promise<Result> {
  const { seed, requireGain, freezeInputs, pipeline, model, evidence } = plan;
  const { preset: _preset, passes: _passes, skipPasses: _skipPasses, ...rest } = options;
  const fitting = options.refit ? {} : fittingOf(evidence);
  return withRun(input, { ...rest, ...fitting, seed, requireGain, freezeInputs, pipeline }, async (run) => {
    if (model.sha256 !== run.sha256)
      throw diagnostics.planMismatch(
        'the plan was made for another model',
        'Make one for this model with "onnx-tucker plan".',
      );
    return work(run, withAllNodes(plan, run.model));
  });
}

/** Nodes that a plan does not name are kept, and the report says why. */
function withAllNodes(plan: Plan, model: Model): Plan {
  const named = new Set(plan.nodes.map(({ name }) => name));
  const others = keptNodes(model, 'excluded', 'the plan does not name it').filter(({ name }) => !named.has(name));
  return { ...plan, nodes: [...plan.nodes, ...others] };
}

/** Rewrites where that has not been done, checks and reports. */
async function finish(run: Run, decision: Decision): Promise<Result> {
  const { plan: wanted, pipeline, data, goal, ours = false } = decision;
  const rewritten = decision.rewritten ?? (await rewrite(run, pipeline, wanted, { calibration: data?.calibration }));
  const verdict = await verdictOf(run, rewritten.applied, rewritten.output, data);
  const first = { ...rewritten, plan: wanted, verdict };
  const { applied, output, plan, verdict: last } = ours ? await takeBack(run, decision, first) : first;
  return { plan, findings: findingsOf(run, applied, output, last, goal), output, cached: false };
}

function compressed(run: Run, { plan, findings, output, cached }: Result): Compressed {
  return {
    report: reportOfRun(run, plan, findings, cached),
    plan,
    bytes: () => output.bytes(),
    writeTo: (path, { overwrite = false } = {}) => saveModel(output.model, path, run.loaded, overwrite, run.options),
  };
}
