import type { Dataset } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import type { Report } from '../report/index.ts';
import { deviceName, type ModelSource, type Runtime, runtimeInfo } from '../runtime/index.ts';
import {
  compareModels,
  type ExactOptions,
  exactEquivalence,
  isUnjudged,
  measureAccuracy,
  measureLatency,
  type Unjudged,
} from '../validate/index.ts';
import type { CalibrationData } from './calibration.ts';
import { openData, type Selection } from './open-data.ts';
import type { BenchResult, EngineOptions } from './options.ts';

type Verification = Report['verification'];

export const unjudgedVerification: Verification = { exact: null, approximate: null, metric: null, unverified: null };

/**
 * The rewritten model against the one whose kernels are the contracted factors: rounding apart, the same function.
 *
 * @throws check-failed (5): then nothing is written
 */
export async function judgeExactness(
  runtime: Runtime,
  reference: ModelSource,
  rewritten: ModelSource,
  weights: Pick<ExactOptions, 'original' | 'weightSpacing' | 'perturbed'>,
  options: EngineOptions,
): Promise<Pick<Verification, 'exact' | 'unverified'>> {
  const result = await exactEquivalence(runtime, reference, rewritten, { ...common(options), ...weights });
  if (isUnjudged(result)) return { exact: null, unverified: result.reason };
  const { ok, maxRelativeError, tolerance } = result;
  if (!ok)
    throw diagnostics.checkFailed(
      `the rewritten model differs from the contraction of its factors by ${maxRelativeError.toPrecision(3)}, more than ${tolerance.toPrecision(3)}`,
      undefined,
      'Nothing was written. Exclude nodes with --exclude to find the one, and report it.',
    );
  return { exact: { maxRelativeError, tolerance, ok }, unverified: null };
}

/**
 * The canonicalized model against the original: batch-norms folded and pads resolved, the same function. Where ONNX
 * Runtime cannot judge the original, the comparison of the result says so.
 *
 * @throws check-failed (5): then nothing is written
 */
export async function judgeCanonical(
  runtime: Runtime,
  original: ModelSource,
  canonical: ModelSource,
  weights: Pick<ExactOptions, 'weightSpacing'>,
  options: EngineOptions,
): Promise<void> {
  const hint = 'Leave one out with --skip-pass to find it, and report it.';
  await demandSame(runtime, original, canonical, weights, options, { what: 'the canonicalize passes change', hint });
}

/**
 * The pruned model against the one whose filters are zero: the same function.
 *
 * @throws check-failed (5): then nothing is written
 */
export async function judgePruned(
  runtime: Runtime,
  zeroed: ModelSource,
  pruned: ModelSource,
  weights: Pick<ExactOptions, 'weightSpacing'>,
  options: EngineOptions,
): Promise<void> {
  const hint = 'Exclude nodes with --exclude to find the one, and report it.';
  await demandSame(runtime, zeroed, pruned, weights, options, { what: 'removing filters changes', hint });
}

/** @param told what would have changed the function, and how to find out more */
async function demandSame(
  runtime: Runtime,
  expected: ModelSource,
  found: ModelSource,
  weights: Pick<ExactOptions, 'weightSpacing'>,
  options: EngineOptions,
  told: { readonly what: string; readonly hint: string },
): Promise<void> {
  const result = await exactEquivalence(runtime, expected, found, { ...common(options), ...weights });
  if (isUnjudged(result) || result.ok) return;
  const { maxRelativeError, tolerance } = result;
  throw diagnostics.checkFailed(
    `${told.what} what the model computes by ${maxRelativeError.toPrecision(3)}, more than ${tolerance.toPrecision(3)}`,
    undefined,
    `Nothing was written. ${told.hint}`,
  );
}

/**
 * The written model against the original: on --evaluate, else on samples that calibration left, else on random inputs.
 *
 * @param evaluation what --evaluate names, where it is open already
 */
export async function judgeAgreement(
  runtime: Runtime,
  original: ModelSource,
  written: ModelSource,
  options: EngineOptions,
  data?: CalibrationData,
  evaluation?: Dataset,
): Promise<Pick<Verification, 'approximate' | 'metric' | 'unverified'>> {
  const judges = options.evaluate === undefined ? await data?.judges() : undefined;
  const dataset = evaluation ?? (await openEvaluation(runtime, original, options)) ?? judges?.dataset;
  const result = await compareModels(runtime, original, written, {
    ...common(options),
    ...(dataset && { batches: dataset.batches(comparisonBatch) }),
  });
  if (isUnjudged(result)) return { approximate: null, metric: null, unverified: result.reason };
  const {
    maxRelativeError,
    outputError,
    outputErrorCi95,
    top1Agreement,
    agreementCi95,
    klDivergence,
    klCi95,
    samples,
    inputs,
  } = result;
  const approximate = {
    maxRelativeError,
    outputError,
    outputErrorCi95: outputErrorCi95 && asPair(outputErrorCi95),
    top1Agreement,
    agreementCi95: agreementCi95 && asPair(agreementCi95),
    klDivergence,
    klCi95: klCi95 && asPair(klCi95),
    samples,
    inputs: judges ? (judges.unseen ? ('held-back' as const) : ('calibration' as const)) : inputs,
  };
  const metric = dataset?.labels ? await accuracyOf(runtime, original, written, dataset, options) : null;
  return { approximate, metric, unverified: null };
}

function asPair([low, high]: readonly [number, number]): [number, number] {
  return [low, high];
}

const comparisonBatch = 32;

/** What --evaluate names. */
export async function openEvaluation(
  runtime: Runtime,
  original: ModelSource,
  options: EngineOptions,
): Promise<Dataset | undefined> {
  const { evaluate } = options;
  return evaluate === undefined ? undefined : openData(runtime, original, evaluate, evaluated(options), options);
}

/** --samples limits the calibration data where there are any. */
function evaluated({ calibrate, samples, seed }: EngineOptions): Selection {
  return {
    ...(calibrate === undefined && samples !== undefined && { samples }),
    ...(seed !== undefined && { seed }),
  };
}

/** Top-1 of both on labelled samples; null where no output holds class scores. */
export async function accuracyOf(
  runtime: Runtime,
  original: ModelSource,
  written: ModelSource,
  dataset: Dataset,
  { seed, signal, onEvent }: EngineOptions,
): Promise<Verification['metric']> {
  const before = await runtime.load(original);
  const after = await runtime.load(written);
  try {
    const accuracy = await measureAccuracy(before, after, dataset, {
      ...(seed !== undefined && { seed }),
      ...(signal && { signal }),
      ...(onEvent && { onEvent }),
    });
    return accuracy.metric;
  } finally {
    await before.release();
    await after.release();
  }
}

/** Paired latency; null with the reason as a warning where the models cannot be run on made-up inputs. */
export async function judgeLatency(
  runtime: Runtime,
  original: ModelSource,
  written: ModelSource,
  options: EngineOptions,
): Promise<BenchResult | Unjudged> {
  const { threads = 1, device = 'cpu' } = options;
  const result = await measureLatency(runtime, original, written, { ...common(options), threads, device });
  if (isUnjudged(result)) return result;
  const { wall, pairs, runs, inputDims } = result;
  const dims = Object.entries(inputDims).map(([name, sizes]) => `${name}:${sizes.join('x')}`);
  const { version, cpu, instructionSet } = runtimeInfo();
  return {
    protocol: `${pairs} pairs A B of ${runs.before} and ${runs.after} runs, wall time, ${threads} thread${threads === 1 ? '' : 's'}, input ${dims.join(' ')}`,
    before: wall.before,
    after: wall.after,
    ratio: wall.ratio,
    ci95: [...wall.ci95],
    machine: [
      cpu,
      instructionSet,
      `ONNX Runtime ${version ?? 'not installed'}`,
      ...(device === 'cpu' ? [] : [`on ${deviceName(device)}`]),
    ].join(', '),
  };
}

function common({ seed, inputShapes }: EngineOptions) {
  return { ...(seed !== undefined && { seed }), ...(inputShapes && { inputShapes }) };
}
