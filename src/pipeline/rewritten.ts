import { type Applied, applyNodes, type Calibration, type Rewrites } from '../rewrite/index.ts';
import { finishModel, type OutputModel } from './output-model.ts';
import type { Run } from './run.ts';
import type { ResolvedPipeline } from './stages.ts';

/** What came of carrying out a plan. */
export interface Rewritten {
  readonly applied: Applied;
  readonly output: OutputModel;
}

export interface RewriteOptions {
  /** Data to fit to; weights alone without them. */
  readonly calibration: Calibration | undefined;
  /** A model to look at and throw away: it is not proved equivalent to its factors. */
  readonly draft?: boolean;
}

export async function rewrite(
  run: Run,
  pipeline: ResolvedPipeline,
  plan: Rewrites,
  options: RewriteOptions,
): Promise<Rewritten> {
  const { watch } = run;
  const applied = await watch.time('factorize', () => carryOut(run, pipeline, plan, options), counted);
  return { applied, output: await watch.time('write', () => finishModel(applied.model, applied.changed)) };
}

async function carryOut(
  { model, unsupported, options, resources, policy, fits }: Run,
  { steps }: ResolvedPipeline,
  rewrites: Rewrites,
  { calibration, draft = false }: RewriteOptions,
): Promise<Applied> {
  if (unsupported) {
    const kept = rewrites.nodes.map((node) => ({
      plan: node,
      weightError: null,
      outputError: null,
      fitted: null,
      exactError: null,
      skipped: { code: 'opset-unsupported' as const, text: unsupported },
    }));
    return {
      model,
      reference: undefined,
      canonical: undefined,
      pruned: [],
      groups: undefined,
      nodes: kept,
      changed: options.freezeInputs ?? false,
    };
  }
  const reference = !draft && (options.check ?? 'model') === 'model';
  const { executor, ...unchecked } = resources.environment;
  const environment = draft || !executor ? unchecked : { ...unchecked, executor };
  const data = calibration ? { calibration } : {};
  return applyNodes(model, steps, rewrites, policy, environment, fits, { reference, ...data });
}

function counted({ nodes }: Applied): string {
  const rewritten = nodes.filter(({ skipped }) => skipped === null).length;
  return `${rewritten} nodes rewritten, ${nodes.length - rewritten} kept`;
}
