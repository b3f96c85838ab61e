import { type Rewrites, sketchModel } from '../rewrite/index.ts';
import { isUnjudged, measureLatency } from '../validate/index.ts';
import type { CalibrationData } from './calibration.ts';
import type { TargetKind } from './goal.ts';
import { finishModel, withSources } from './output-model.ts';
import type { Run } from './run.ts';
import type { ResolvedPipeline } from './stages.ts';
import { costsOf, factsOfOutput } from './summary.ts';

/** What a model costs as a whole; null where it cannot be said. */
export type ModelCost = Readonly<Record<Exclude<TargetKind, 'latency'>, number | null>> & {
  readonly latency: LatencyCost | null;
};

export interface LatencyCost {
  /** Median milliseconds of a run. */
  readonly milliseconds: number;
  /** Before ÷ after: the median of pairs, but of a sketch on several threads by the quickest runs. */
  readonly ratio: number;
  /** 95 % interval of the median of pairs. */
  readonly ci95: readonly [low: number, high: number];
  /** Of the original, in the same pairs. */
  readonly before: number;
}

/**
 * Pairs that time a sketch: on several threads, where each takes longer, as few as have an interval, for a search times
 * several sketches (see reachTargets).
 */
const sketchPairs = { oneThread: 16, moreThreads: 6 };

/** What the model of a plan will cost, from the same graph with random weights. */
export async function sketchCost(
  run: Run,
  { steps }: ResolvedPipeline,
  rewrites: Rewrites,
  data: CalibrationData | undefined,
  wanted: readonly TargetKind[],
): Promise<ModelCost> {
  const { model, resources, loaded, options, policy } = run;
  const sketch = sketchModel(model, steps, rewrites, resources.environment, { calibrated: data !== undefined, policy });
  const finished = finishModel(sketch, sketch !== model);
  const { params, macs } = costsOf(factsOfOutput(finished, resources.environment));
  const latency = wanted.includes('latency')
    ? await withSources([sketch], async ([source]) => {
        if (!source) return null;
        const { threads = 1, device = 'cpu', inputShapes } = options;
        const timed = await measureLatency(await resources.runtime(), loaded.source, source, {
          threads,
          device,
          pairs: threads > 1 ? sketchPairs.moreThreads : sketchPairs.oneThread,
          ...(inputShapes && { inputShapes }),
        });
        if (isUnjudged(timed)) return null;
        const { wall, undisturbed } = timed;
        // The finished model is judged by pairs: on one thread they tell of a sketch as surely.
        const ratio = threads > 1 ? undisturbed : wall.ratio;
        return { milliseconds: wall.after.p50, ratio, ci95: wall.ci95, before: wall.before.p50 };
      })
    : null;
  return { params, macs, size: finished.byteLength, latency };
}
