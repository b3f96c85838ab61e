import { type Rewrites, sketchModel } from '../rewrite/index.ts';
import { isUnjudged, measureLatency } from '../validate/index.ts';
import type { CalibrationData } from './calibration.ts';
import type { TargetKind } from './goal.ts';
import type { EngineOptions } from './options.ts';
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

/** What is done to know the time of plans. */
interface SketchEffort {
  /** Pairs that time a sketch. */
  readonly pairs: number;
  /** Sketches of plans that are alike by which a latency is believed. */
  readonly looks: number;
}

/**
 * Each sketch is loaded anew, where its weights come to lie is chance, and what neighbours do changes from second to second: on
 * one thread a ResNet-44 was 2.31 to 3.04 times as fast in thirteen loads, eleven of them within 2.31 and 2.54. On several
 * threads a pair takes longer, and searches have a minute: as few pairs as have an interval, and fewer looks.
 */
export function sketchEffort({ threads = 1 }: EngineOptions): SketchEffort {
  return threads > 1 ? { pairs: 6, looks: 3 } : { pairs: 16, looks: 5 };
}

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
          pairs: sketchEffort(options).pairs,
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
