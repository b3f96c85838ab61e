import { diagnostics } from '../diagnostics.ts';
import type { Model } from '../ir/index.ts';
import { type Applied, applyNodes, type Plan, planSchema } from '../rewrite/index.ts';
import type { Compressed, EngineOptions, ModelInput } from './options.ts';
import { finishModel, saveModel } from './output-model.ts';
import { keptNodes, planOfRun } from './plan-of-run.ts';
import { reportOfRun } from './report-of-run.ts';
import { type Run, withRun } from './run.ts';
import { type ResolvedPipeline, resolveStages } from './stages.ts';
import { verdictOf } from './verdict.ts';

/**
 * Decides what is to become of each Conv, ConvTranspose, Gemm and MatMul, and changes nothing.
 *
 * @throws what reading a model (3, 4, 7), options and pipelines (2) can throw
 */
export async function plan(input: ModelInput, options: EngineOptions = {}): Promise<Plan> {
  return withRun(input, options, (run) => planOfRun(run, resolveStages(options, run.passes), { fit: true }));
}

/**
 * Plans, rewrites, checks and measures: the main job. Nothing is written until `writeTo` is called on the result.
 *
 * @throws check-failed (5) when the rewritten model does not prove equal to what was planned, and what `plan` throws
 */
export async function compress(input: ModelInput, options: EngineOptions = {}): Promise<Compressed> {
  return withRun(input, options, async (run) => {
    const pipeline = resolveStages(options, run.passes);
    return execute(run, pipeline, await planOfRun(run, pipeline));
  });
}

/**
 * Executes a plan on the model that it was made for: the same bytes as the run that wrote it, or what an edited plan says.
 *
 * @throws plan-mismatch (2) for another model or something that is no plan, and what `compress` throws
 */
export async function apply(input: ModelInput, given: Plan, options: EngineOptions = {}): Promise<Compressed> {
  const parsed = planSchema.safeParse(given);
  if (!parsed.success)
    throw diagnostics.planMismatch(
      `this is no plan: ${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`,
    );
  const { seed, requireGain, freezeInputs, pipeline, model } = parsed.data;
  const { preset: _preset, passes: _passes, skipPasses: _skipPasses, ...rest } = options;
  return withRun(input, { ...rest, seed, requireGain, freezeInputs, pipeline }, async (run) => {
    if (model.sha256 !== run.sha256)
      throw diagnostics.planMismatch(
        'the plan was made for another model',
        'Make one for this model with "onnx-tucker plan".',
      );
    return execute(run, resolveStages(run.options, run.passes), withAllNodes(parsed.data, run.model));
  });
}

/** Nodes that a plan does not name are kept, and the report says why. */
function withAllNodes(plan: Plan, model: Model): Plan {
  const named = new Set(plan.nodes.map(({ name }) => name));
  const others = keptNodes(model, 'excluded', 'the plan does not name it').filter(({ name }) => !named.has(name));
  return { ...plan, nodes: [...plan.nodes, ...others] };
}

async function execute(run: Run, pipeline: ResolvedPipeline, chosen: Plan): Promise<Compressed> {
  const { watch, options } = run;
  const applied = await watch.time('factorize', () => rewrite(run, pipeline, chosen), counted);
  const output = await watch.time('write', () => finishModel(applied.model, applied.changed));
  const verdict = await verdictOf(run, applied, output);
  return {
    report: reportOfRun(run, chosen, applied, output, verdict),
    plan: chosen,
    bytes: () => output.bytes(),
    writeTo: (path, { overwrite = false } = {}) => saveModel(output.model, path, run.loaded, overwrite, options),
  };
}

async function rewrite(
  { model, unsupported, options, resources, policy, fits }: Run,
  { steps }: ResolvedPipeline,
  { nodes }: Plan,
): Promise<Applied> {
  if (unsupported) {
    const kept = nodes.map((node) => ({
      plan: node,
      weightError: null,
      exactError: null,
      skipped: { code: 'opset-unsupported' as const, text: unsupported },
    }));
    return { model, reference: undefined, canonical: undefined, nodes: kept, changed: options.freezeInputs ?? false };
  }
  const reference = (options.check ?? 'model') === 'model';
  return applyNodes(model, steps, nodes, policy, resources.environment, fits, { reference });
}

function counted({ nodes }: Applied): string {
  const rewritten = nodes.filter(({ skipped }) => skipped === null).length;
  return `${rewritten} nodes rewritten, ${nodes.length - rewritten} kept`;
}
