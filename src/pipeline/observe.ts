import { syntheticSpec } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { type StatisticsOrigin, writeFactors, writeMoments } from '../observe/index.ts';
import { observeNodes, type Plan } from '../rewrite/index.ts';
import { OutputFiles } from '../wire/index.ts';
import type { CalibrationData } from './calibration.ts';
import { checkedPlan, planRun } from './compress.ts';
import { openCalibration } from './decide.ts';
import type { EngineOptions, ModelInput, Statistics } from './options.ts';
import { rewrite } from './rewritten.ts';
import { type Run, withRun } from './run.ts';
import { resolveStages } from './stages.ts';
import { tool } from './tool.ts';

/**
 * Takes statistics of what goes through a model's linear operators, or, with a plan, fits it where the data are: what is
 * written can go where the data may not.
 *
 * @throws usage (2) without --calibrate, too-few-samples (2), and what reading the data throws
 */
export async function observe(input: ModelInput, options: EngineOptions = {}, plan?: Plan): Promise<Statistics> {
  if (options.calibrate === undefined)
    throw diagnostics.usage('there is nothing to observe', 'Give data with --calibrate.');
  return plan === undefined ? observeMoments(input, options) : observeFactors(input, checkedPlan(plan), options);
}

function observeMoments(input: ModelInput, options: EngineOptions): Promise<Statistics> {
  return withRun(input, { ...options, fitMode: 'symmetric' }, async (run) => {
    const { resources, policy, model, watch } = run;
    const data = await dataOf(run);
    const { steps } = resolveStages(run.options, run.passes);
    const warn = (name: string, reason: string) =>
      run.options.onEvent?.({
        kind: 'warning',
        diagnostic: diagnostics.warning('unobserved', reason, { node: name }),
      });
    const nodes = await watch.time(
      'observe',
      () => observeNodes(model, steps, policy, resources.environment, data.calibration, warn),
      (seen) => `${seen.length} nodes`,
    );
    const pieces = writeMoments(originOf(run, data), nodes, (diagnostic) =>
      run.options.onEvent?.({ kind: 'warning', diagnostic }),
    );
    return statistics(
      nodes.map(({ name }) => name),
      pieces,
      run.options,
    );
  });
}

function observeFactors(input: ModelInput, plan: Plan, options: EngineOptions): Promise<Statistics> {
  return planRun(input, plan, { ...options, refit: true }, async (run, chosen) => {
    const data = await dataOf(run);
    const carried = { ...chosen, evidence: data.evidence };
    const { applied } = await rewrite(run, resolveStages(run.options, run.passes), carried, {
      calibration: data.calibration,
    });
    const nodes = applied.nodes.flatMap(({ plan: { name }, fitted }) => {
      if (!fitted) return [];
      const { method, ranks, factors, bias, outputError } = fitted;
      return [
        {
          name,
          method,
          ranks,
          errors: { predicted: outputError.predicted, heldBack: outputError.measured },
          factors: new Map(Object.entries(factors)),
          bias: bias && { data: bias, dims: [bias.length] },
        },
      ];
    });
    return statistics(
      nodes.map(({ name }) => name),
      writeFactors(originOf(run, data), carried, nodes),
      run.options,
    );
  });
}

async function dataOf(run: Run): Promise<CalibrationData> {
  const data = await openCalibration(run);
  if (data) return data;
  throw diagnostics.usage(`this model cannot be observed: ${run.unsupported}`);
}

function originOf({ sha256, resources, options }: Run, { evidence }: CalibrationData): StatisticsOrigin {
  if (evidence.kind === 'weights') throw new Error('originOf: nothing was observed');
  return {
    tool: `${tool.name} ${tool.version}`,
    model: { sha256 },
    data: { sha256: evidence.sha256, synthetic: options.calibrate === syntheticSpec },
    seed: resources.environment.seed,
    samples: evidence.samples,
    preprocess: evidence.preprocess,
  };
}

function statistics(nodes: readonly string[], pieces: Iterable<Uint8Array>, { signal }: EngineOptions): Statistics {
  return {
    nodes,
    async writeTo(path, { overwrite = false } = {}) {
      const files = new OutputFiles(signal ? { signal } : {});
      try {
        const staged = await files.stage(path, overwrite);
        await staged.write([...pieces]);
        await files.commit();
      } finally {
        await files.abort();
      }
    },
  };
}
