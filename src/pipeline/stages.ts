import { diagnostics } from '../diagnostics.ts';
import type { Pass } from '../pass/index.ts';
import { type PipelineStep, printPipeline, resolvePipeline } from '../rewrite/index.ts';
import type { EngineOptions } from './options.ts';
import { goalPipeline, presets } from './presets.ts';

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
  return resolveFrom(options, presets[options.preset ?? 'safe'].pipeline, passes);
}

/**
 * The passes that a goal chooses among: those of --pipeline, or the preset for goals with --pass and --skip-pass. A goal
 * chooses the ranks.
 *
 * @throws usage where the pipeline has a rank pass, and what `resolveStages` throws
 */
export function resolveGoalStages(options: EngineOptions, passes: readonly Pass[]): ResolvedPipeline {
  const resolved = resolveFrom(options, goalPipeline, passes);
  const rank = resolved.steps.find(({ pass }) => pass.kind === 'rank');
  if (rank)
    throw diagnostics.usage(
      `${rank.pass.name} and a goal both choose ranks`,
      'Leave the rank pass out: the goal has its own.',
    );
  return resolved;
}

function resolveFrom(options: EngineOptions, preset: string, passes: readonly Pass[]): ResolvedPipeline {
  const { pipeline, passes: added = [], skipPasses = [] } = options;
  if (pipeline !== undefined && added.length > 0)
    throw diagnostics.usage('--pass adds to a preset and --pipeline replaces it: use one of them');
  let steps: readonly PipelineStep[] = resolvePipeline(pipeline ?? preset, passes);
  for (const text of added) for (const step of resolvePipeline(text, passes)) steps = addStep(steps, step);
  for (const name of skipPasses)
    if (!steps.some(({ pass }) => pass.name === name))
      throw diagnostics.usage(`--skip-pass ${name}: the pipeline does not have it`);
  steps = steps.filter(({ pass }) => !skipPasses.includes(pass.name));
  return pipelineOf(steps);
}

function pipelineOf(steps: readonly PipelineStep[]): ResolvedPipeline {
  return { steps, text: printPipeline(steps.map(({ entry }) => entry)) };
}

/** The pipeline with one more pass, as --pass adds it. */
export function withPass({ steps }: ResolvedPipeline, text: string, passes: readonly Pass[]): ResolvedPipeline {
  return pipelineOf(resolvePipeline(text, passes).reduce(addStep, steps));
}

/** The pipeline in which no filter goes, not even one that does nothing. */
export function withoutPruning({ steps }: ResolvedPipeline): ResolvedPipeline {
  return pipelineOf(steps.filter(({ pass }) => pass.kind !== 'prune'));
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
