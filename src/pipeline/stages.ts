import { diagnostics } from '../diagnostics.ts';
import type { Pass } from '../pass/index.ts';
import { type PipelineStep, printPipeline, resolvePipeline } from '../rewrite/index.ts';
import type { EngineOptions } from './options.ts';
import { presets } from './presets.ts';

export interface ResolvedPipeline {
  readonly steps: readonly PipelineStep[];
  /** As it would have to be written to repeat the run. */
  readonly text: string;
}

/**
 * The passes that a run consists of: --pipeline as it stands, or the preset with --pass added and --skip-pass taken out.
 *
 * @throws usage, unknown-pass, invalid-option, invalid-pipeline
 */
export function resolveStages(options: EngineOptions, passes: readonly Pass[]): ResolvedPipeline {
  const { pipeline, preset = 'safe', passes: added = [], skipPasses = [] } = options;
  if (pipeline !== undefined && added.length > 0)
    throw diagnostics.usage('--pass adds to a preset and --pipeline replaces it: use one of them');
  let steps: readonly PipelineStep[] = resolvePipeline(pipeline ?? presets[preset], passes);
  for (const text of added) for (const step of resolvePipeline(text, passes)) steps = addStep(steps, step);
  for (const name of skipPasses)
    if (!steps.some(({ pass }) => pass.name === name))
      throw diagnostics.usage(`--skip-pass ${name}: the pipeline does not have it`);
  steps = steps.filter(({ pass }) => !skipPasses.includes(pass.name));
  return { steps, text: printPipeline(steps.map(({ entry }) => entry)) };
}

/** The pipeline with one more pass, as --pass adds it. */
export function withPass({ steps }: ResolvedPipeline, text: string, passes: readonly Pass[]): ResolvedPipeline {
  const added = resolvePipeline(text, passes).reduce(addStep, steps);
  return { steps: added, text: printPipeline(added.map(({ entry }) => entry)) };
}

/**
 * A pass given by --pass takes the place of its namesake; a rank pass that of the preset's rank pass, since two would
 * contend for the same nodes; any other comes before those of its kind, so that it has the first choice.
 */
function addStep(steps: readonly PipelineStep[], added: PipelineStep): readonly PipelineStep[] {
  const same = ({ pass }: PipelineStep) =>
    pass.name === added.pass.name || (added.pass.kind === 'rank' && pass.kind === 'rank');
  const position = steps.findIndex(same);
  if (position >= 0) return steps.with(position, added);
  const first = steps.findIndex(({ pass }) => pass.kind === added.pass.kind);
  return first < 0 ? [...steps, added] : steps.toSpliced(first, 0, added);
}
