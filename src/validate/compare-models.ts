import { DiagnosticError } from '../diagnostics.ts';
import type { Feeds, ModelSource, Runtime } from '../runtime/index.ts';
import { comparePredictions, type SamplePair } from './agreement.ts';
import { areProbabilities, chooseOutput, readClassScores } from './class-scores.ts';
import { findInputShapes, type InputShapes } from './input-shapes.ts';
import { bootstrapMean, type Interval, wilsonInterval } from './intervals.ts';
import { openPair, type SessionPair } from './open-pair.ts';
import { type OutputDifference, OutputTally, pooledError } from './output-tally.ts';
import { randomFeeds } from './random-feeds.ts';
import { isUnjudged, type Unjudged } from './unjudged.ts';

/** What is run: one batch, of which `count` samples along the first axis count (all, when not said). */
export interface FeedBatch {
  readonly feeds: Feeds;
  readonly count?: number;
}

export interface CompareOptions {
  /** Real data; random numbers without them. */
  readonly batches?: AsyncIterable<FeedBatch>;
  /** Random inputs to run, 4 by default. */
  readonly samples?: number;
  readonly seed?: number;
  /** For open sizes of the inputs, by input name. */
  readonly inputShapes?: InputShapes;
}

/** How far a model's outputs are from another one's. */
export interface Comparison {
  readonly kind: 'compared';
  readonly outputs: readonly OutputDifference[];
  /** The largest of the outputs' relative errors. */
  readonly maxRelativeError: number;
  /** E‖ŷ−y‖²/Σvar(y) over all outputs that are real numbers. */
  readonly outputError: number;
  /** Bootstrap interval of it over the samples, the variance as it is; null for fewer than two samples. */
  readonly outputErrorCi95: Interval | null;
  /** Share of samples with the same best class; null where no output holds class scores. */
  readonly top1Agreement: number | null;
  /** Wilson's score interval of it. */
  readonly agreementCi95: Interval | null;
  /** Mean KL(reference ‖ candidate) in nats; null as above, or where scores are not finite. */
  readonly klDivergence: number | null;
  /** Bootstrap interval of it. */
  readonly klCi95: Interval | null;
  readonly samples: number;
  readonly inputs: 'random' | 'data';
}

/**
 * Runs both models on the same inputs and compares all elements of all outputs; NaN equals NaN and nothing else.
 *
 * @returns Unjudged when the reference cannot be run: ONNX Runtime refuses it, or no inputs can be made for it
 * @throws runtime-rejected when the candidate alone cannot be run, check-failed when the interfaces differ
 */
export async function compareModels(
  runtime: Runtime,
  reference: ModelSource,
  candidate: ModelSource,
  options: CompareOptions = {},
): Promise<Comparison | Unjudged> {
  const pair = await openPair(runtime, reference, candidate);
  if (isUnjudged(pair)) return pair;
  try {
    const batches = options.batches ?? (await randomBatches(pair, options));
    if (isUnjudged(batches)) return batches;
    return await comparePair(pair, batches, options.batches ? 'data' : 'random', options.seed ?? 0);
  } finally {
    await pair.release();
  }
}

async function randomBatches(
  pair: SessionPair,
  { samples = 4, seed = 0, inputShapes }: CompareOptions,
): Promise<AsyncIterable<FeedBatch> | Unjudged> {
  const shapes = await findInputShapes(pair.reference, seed, inputShapes);
  if (isUnjudged(shapes)) return shapes;
  const ports = pair.reference.inputs;
  return (async function* () {
    for (let i = 0; i < samples; i++) yield { feeds: randomFeeds(ports, shapes, seed + i) };
  })();
}

async function comparePair(
  pair: SessionPair,
  batches: AsyncIterable<FeedBatch>,
  inputs: 'random' | 'data',
  seed: number,
): Promise<Comparison> {
  const tallies = new Map(pair.reference.outputs.map(({ name }) => [name, new OutputTally(name)]));
  const predictions: SamplePair[] = [];
  let samples = 0;
  for await (const { feeds, count } of batches) {
    const [y, other] = [await pair.reference.run(feeds), await pair.candidate.run(feeds)];
    const size = batchSize(feeds);
    samples += count ?? size;
    for (const [name, tally] of tallies) {
      const [a, b] = [y[name], other[name]];
      if (a && b) tally.add(a, b, a.dims[0] === size ? size : 1);
    }
    predictions.push(...samplePairs(y, other, size).slice(0, count));
  }
  return {
    kind: 'compared',
    ...summary([...tallies.values()], seed),
    ...agreement(predictions, seed),
    samples,
    inputs,
  };
}

/** Size of the axis that all inputs share as their first, or 1. */
function batchSize(feeds: Feeds): number {
  const sizes = new Set(Object.values(feeds).map(({ dims }) => dims[0] ?? 1));
  const [size] = sizes;
  return sizes.size === 1 && size ? size : 1;
}

function summary(tallies: readonly OutputTally[], seed: number) {
  const outputs = tallies.map(({ difference }) => difference);
  const maxRelativeError = outputs.reduce((most, output) => Math.max(most, output.relativeError), 0);
  const { outputError, variance } = pooledError(outputs);
  return {
    outputs,
    maxRelativeError,
    outputError,
    outputErrorCi95: errorInterval(tallies, outputError, variance, seed),
  };
}

function errorInterval(
  tallies: readonly OutputTally[],
  outputError: number,
  variance: number,
  seed: number,
): Interval | null {
  const real = tallies.map(({ squaredErrors }) => squaredErrors).filter((errors) => errors.length > 0);
  const samples = real[0]?.length ?? 0;
  if (samples < 2 || !Number.isFinite(outputError) || real.some((errors) => errors.length !== samples)) return null;
  if (outputError === 0) return [0, 0];
  const sums = Float64Array.from({ length: samples }, (_, k) =>
    real.reduce((sum, errors) => sum + (errors[k] ?? 0), 0),
  );
  const [low, high] = bootstrapMean(sums, { seed });
  return [low / variance, high / variance];
}

/** Predictions where one output holds class scores, otherwise none. */
function samplePairs(reference: Feeds, candidate: Feeds, rows: number): readonly SamplePair[] {
  const name = scoresOutput(reference, rows);
  const [before, after] = [reference, candidate].map((outputs) => {
    const tensor = name === undefined ? undefined : outputs[name];
    return tensor && readClassScores(tensor, rows);
  });
  if (!before || !after || before.classes !== after.classes) return [];
  return comparePredictions(before, after, rows, areProbabilities(before, rows));
}

function scoresOutput(outputs: Feeds, rows: number): string | undefined {
  try {
    return chooseOutput(outputs, rows, -1);
  } catch (cause) {
    // Not a classifier, or not plainly one: no reason to end a comparison.
    if (cause instanceof DiagnosticError) return undefined;
    throw cause;
  }
}

type Agreement = Pick<Comparison, 'top1Agreement' | 'agreementCi95' | 'klDivergence' | 'klCi95'>;

function agreement(pairs: readonly SamplePair[], seed: number): Agreement {
  if (pairs.length === 0) return { top1Agreement: null, agreementCi95: null, klDivergence: null, klCi95: null };
  const agreeing = pairs.filter(({ before, after }) => before === after).length;
  const divergences = Float64Array.from(pairs, ({ divergence }) => divergence);
  const mean = divergences.reduce((sum, divergence) => sum + divergence, 0) / pairs.length;
  const finite = Number.isFinite(mean);
  return {
    top1Agreement: agreeing / pairs.length,
    agreementCi95: wilsonInterval(agreeing, pairs.length),
    klDivergence: finite ? mean : null,
    klCi95: finite ? bootstrapMean(divergences, { seed }) : null,
  };
}
