import { type Dataset, syntheticSpec } from '../data/index.ts';
import type { Model } from '../ir/index.ts';
import { openLockstep } from '../observe/index.ts';
import type { Effort } from '../pass/index.ts';
import { type Calibration, type Evidence, type FitMode, originalAlone } from '../rewrite/index.ts';
import { isMirrorIndifferent } from './mirror.ts';
import { openData, openOthers, type Selection } from './open-data.ts';
import { type OutputGradients, outputGradientsOf, withGradients } from './output-gradients.ts';
import type { Run } from './run.ts';
import { areFew, comparisonSamples, positions, samplesWanted, usualSamples } from './sample-count.ts';

/** What a run fits to, and how a plan names it. */
export interface CalibrationData {
  readonly calibration: Calibration;
  readonly evidence: Evidence;
  /** The samples that fits see; undefined with statistics. */
  readonly dataset: Dataset | undefined;
  /** The same data with another effort of the fits. */
  at(effort: Effort): Calibration;
  /** To compare candidates by: quick fits to no more of the samples than the widest operator needs. */
  readonly comparison: Calibration;
  /** Samples to judge the result by: others than those of the fits where there are any; none with statistics. */
  judges(): Promise<Judges | undefined>;
}

export interface Judges {
  readonly dataset: Dataset;
  /** Whether no fit has seen them. */
  readonly unseen: boolean;
}

/** What to fit on. */
export interface CalibrationSource {
  /** As --calibrate takes it. */
  readonly spec: string;
  /** Instead of --preprocess. */
  readonly preprocess?: Selection['preprocess'];
  /** Keep a quarter of all samples back to judge by, instead of 256 of those that are left. */
  readonly heldBack?: 'quarter';
}

/** Samples that judge a result. */
const judgingSamples = 256;

export function samplesText(evidence: Evidence): string {
  if (evidence.kind === 'weights') return 'no samples';
  return `${evidence.samples} samples${'mirrored' in evidence && evidence.mirrored ? ', each seen in a mirror too' : ''}`;
}

/** @param text what to tell once the data are open */
export async function calibrateWith(
  run: Run,
  { spec, preprocess, heldBack }: CalibrationSource,
  text: (data: CalibrationData) => string,
): Promise<CalibrationData> {
  const { options, resources, loaded, watch } = run;
  const { effort = 'normal', fitMode = 'asymmetric' } = options;
  const { seed } = resources.environment;
  const common = { seed, purpose: 'calibration', ...(preprocess !== undefined && { preprocess }) } as const;
  const open = async (): Promise<CalibrationData> => {
    const runtime = await resources.runtime();
    const quarter =
      heldBack === 'quarter' && spec !== syntheticSpec
        ? await sizesOfQuarter(openData(runtime, loaded.source, spec, common, { ...options, onEvent: () => {} }))
        : undefined;
    const wanted = options.samples ?? (spec === syntheticSpec ? usualSamples : samplesWanted(run.model, effort));
    const samples = Math.min(wanted, quarter?.rest ?? Number.POSITIVE_INFINITY);
    const selection = { ...common, samples };
    const dataset = await openData(runtime, loaded.source, spec, selection, options);
    // Quick fits see none, and synthetic images can be had in any number.
    const few = effort !== 'fast' && spec !== syntheticSpec && areFew(dataset.size, run.model, effort);
    const mirrored = few && (await isMirrorIndifferent(runtime, loaded.source, dataset));
    let judges: Promise<Judges> | undefined;
    let known: Promise<OutputGradients> | undefined;
    const gradients = (model: Model) => {
      known ??= run.watch.add('observe', () => outputGradientsOf(run, model, dataset));
      return known;
    };
    const lockstep = (samples: Dataset, asked: Effort, mirror: boolean) =>
      lockstepCalibration(run, samples, { effort: asked, mode: fitMode, mirror, gradients });
    const judging = {
      ...selection,
      besides: dataset.size,
      samples: quarter?.heldBack ?? judgingSamples,
      purpose: 'evaluation',
    } as const;
    return {
      calibration: lockstep(dataset, effort, mirrored),
      at: (other) => lockstep(dataset, other, mirrored),
      comparison: {
        ...lockstep(dataset.some(comparisonSamples(run.model)), 'fast', false),
        foretold: effort,
      },
      dataset,
      evidence: {
        kind: spec === syntheticSpec ? 'synthetic' : 'data',
        sha256: await dataset.sha256(),
        samples: dataset.size,
        preprocess: dataset.preprocessText,
        effort,
        mode: fitMode,
        mirrored,
      },
      judges: () => {
        judges ??= openOthers(runtime, loaded.source, spec, judging, options).then((others) => ({
          dataset: others ?? dataset,
          unseen: others !== undefined,
        }));
        return judges;
      },
    };
  };
  return watch.time('observe', open, text);
}

/** How many samples judge, and how many are left to fit to: at least one of each. */
async function sizesOfQuarter(all: Promise<Dataset>): Promise<{ readonly heldBack: number; readonly rest: number }> {
  const { size } = await all;
  const heldBack = Math.max(1, Math.floor(size / 4));
  return { heldBack, rest: Math.max(1, size - heldBack) };
}

interface LockstepSetting {
  readonly effort: Effort;
  readonly mode: FitMode;
  /** Show each image in a mirror too, apart from quick fits. */
  readonly mirror: boolean;
  gradients(model: Model): Promise<OutputGradients>;
}

function lockstepCalibration(
  { resources, watch }: Run,
  dataset: Dataset,
  { effort, mode, mirror, gradients }: LockstepSetting,
): Calibration {
  const { blas, seed, signal } = resources.environment;
  return {
    mode,
    effort,
    async open(models) {
      const lockstep = await openLockstep(
        mode === 'symmetric' || mode === 'channels' ? originalAlone(models) : models,
        {
          dataset,
          mirror: mirror && effort !== 'fast',
          runtimes: [await resources.runtime(), await resources.secondRuntime()],
          blas,
          seed,
          signal,
          positions: positions[effort],
        },
      );
      const isWeighed = mode === 'symmetric' || mode === 'asymmetric';
      const arriving = isWeighed ? gradients(models.original) : undefined;
      // Whoever observes hears of what fails.
      arriving?.catch(() => {});
      return {
        observe: async (pair) => {
          const observed = await watch.add('observe', () => lockstep.observe(pair));
          return withGradients(observed, (await arriving)?.get(pair.original.node.outputs[0]?.name ?? ''));
        },
        async close() {
          await arriving?.catch(() => {});
          await lockstep.close();
        },
      };
    },
  };
}
