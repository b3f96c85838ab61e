import type { Dataset } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import type { OnEvent } from '../events.ts';
import type { RuntimeSession, RuntimeTensor } from '../runtime/index.ts';
import { comparePredictions, type SamplePair } from './agreement.ts';
import { areProbabilities, chooseOutput, readClassScores } from './class-scores.ts';
import { bootstrapMean, pairedInterval, wilsonInterval } from './intervals.ts';

export interface AccuracyOptions {
  /** 32 by default; a model of fixed batch size has its own. */
  readonly batchSize?: number;
  /** Name of the output with the class scores, for models where it is not plain. */
  readonly output?: string;
  /** Of the bootstrap. */
  readonly seed?: number;
  readonly onEvent?: OnEvent;
  readonly signal?: AbortSignal;
}

type Bounds = [low: number, high: number];

/** Top-1 of two models on the same samples. Shares are 0 … 1, the difference is in percentage points. */
export interface TopOne {
  readonly kind: 'top-1';
  readonly output: string;
  readonly samples: number;
  readonly before: number;
  readonly beforeCi95: Bounds;
  readonly after: number;
  readonly afterCi95: Bounds;
  /** Percentage points, after − before. */
  readonly difference: number;
  readonly ci95: Bounds;
  /** Mean probability of the right class, 0 … 1; null where a model gave scores that are not finite. */
  readonly certainty: { readonly before: number; readonly after: number } | null;
}

export interface Agreement {
  readonly samples: number;
  /** Share of samples that both give the same class. */
  readonly top1Agreement: number;
  readonly top1AgreementCi95: Bounds;
  /** Mean of KL(before ‖ after) in nats; null where a model gave scores that are not finite. */
  readonly klDivergence: number | null;
  readonly klDivergenceCi95: Bounds | null;
}

export interface Accuracy {
  /** The output that was taken for the class scores. */
  readonly output: string;
  readonly classes: number;
  /** Null where the data have no labels. */
  readonly metric: TopOne | null;
  readonly agreement: Agreement;
}

/**
 * Runs two models in lockstep over the data and compares their answers with the labels and with each other. Scores that
 * are not finite are wrong answers.
 *
 * @throws no-class-scores, ambiguous-output, label-out-of-range (2) · what the dataset and the sessions throw
 */
export async function measureAccuracy(
  before: RuntimeSession,
  after: RuntimeSession,
  dataset: Dataset,
  options: AccuracyOptions = {},
): Promise<Accuracy> {
  const { batchSize = 32, seed = 0, onEvent, signal } = options;
  const largestLabel = dataset.labels?.reduce((a, b) => Math.max(a, b), -1) ?? -1;
  let reader: ScoreReader | undefined;
  const pairs: SamplePair[] = [];
  for await (const { feeds, count } of dataset.batches(batchSize)) {
    signal?.throwIfAborted();
    const [original, other] = await Promise.all([before.run(feeds), after.run(feeds)]);
    reader ??= chooseReader(original, feeds, count, largestLabel, options.output);
    pairs.push(...reader.compare(original, other, count, dataset.labels?.subarray(pairs.length)));
    onEvent?.({ kind: 'progress', stage: 'evaluate', done: pairs.length, total: dataset.size });
  }
  if (!reader) throw diagnostics.data('no-data-found', 'there are no samples to measure accuracy on');
  const { output, classes } = reader;
  const metric = dataset.labels ? topOne(output, pairs, dataset.labels, seed) : null;
  if (metric && metric.beforeCi95[0] <= 1 / classes)
    onEvent?.({ kind: 'warning', diagnostic: noBetterThanChance(metric, classes) });
  return { output, classes, metric, agreement: agreement(pairs, seed) };
}

interface ScoreReader {
  readonly output: string;
  readonly classes: number;
  compare(original: Outputs, other: Outputs, count: number, labels: Int32Array | undefined): SamplePair[];
}

type Outputs = Readonly<Record<string, RuntimeTensor>>;

/** What the first batch decides: the output, and whether it holds probabilities or logits, for both models alike. */
function chooseReader(
  first: Outputs,
  feeds: Outputs,
  count: number,
  largestLabel: number,
  wanted?: string,
): ScoreReader {
  const rows = Object.values(feeds)[0]?.dims[0] ?? count;
  const output = chooseOutput(first, rows, largestLabel, wanted);
  const scores = scoresOf(first, output, rows);
  const probabilities = areProbabilities(scores, count);
  return {
    output,
    classes: scores.classes,
    compare: (original, other, samples, labels) => {
      const batch = original[output]?.dims[0] ?? samples;
      return comparePredictions(
        scoresOf(original, output, batch),
        scoresOf(other, output, batch),
        samples,
        probabilities,
        labels,
      );
    },
  };
}

function scoresOf(outputs: Outputs, name: string, rows: number) {
  const tensor = outputs[name];
  const scores = tensor && readClassScores(tensor, rows);
  if (scores) return scores;
  const found = tensor ? `has shape [${tensor.dims.join(', ')}]` : 'is missing';
  throw diagnostics.checkFailed(`output "${name}" ${found} where ${rows} rows of class scores are wanted`);
}

function topOne(output: string, pairs: readonly SamplePair[], labels: Int32Array, seed: number): TopOne {
  const samples = pairs.length;
  const right = (answer: 'before' | 'after') => pairs.map((pair, k) => Number(pair[answer] === labels[k]));
  const [original, other] = [right('before'), right('after')];
  const [rightBefore, rightAfter] = [total(original), total(other)];
  const differences = Float64Array.from(other, (value, k) => value - (original[k] ?? 0));
  const [low, high] = pairedInterval(differences, { seed });
  return {
    kind: 'top-1',
    output,
    samples,
    before: rightBefore / samples,
    beforeCi95: [...wilsonInterval(rightBefore, samples)],
    after: rightAfter / samples,
    afterCi95: [...wilsonInterval(rightAfter, samples)],
    difference: (100 * (rightAfter - rightBefore)) / samples,
    ci95: [100 * low, 100 * high],
    certainty: certainty(pairs),
  };
}

function certainty(pairs: readonly SamplePair[]): TopOne['certainty'] {
  const known = pairs.flatMap((pair) => pair.certainty ?? []);
  const mean = (side: 'before' | 'after') => total(known.map((one) => one[side])) / known.length;
  const means = { before: mean('before'), after: mean('after') };
  return Number.isFinite(means.before) && Number.isFinite(means.after) ? means : null;
}

function agreement(pairs: readonly SamplePair[], seed: number): Agreement {
  const samples = pairs.length;
  const same = pairs.filter((pair) => pair.before === pair.after && pair.before >= 0).length;
  const divergences = Float64Array.from(pairs, (pair) => pair.divergence);
  const finite = divergences.every(Number.isFinite);
  return {
    samples,
    top1Agreement: same / samples,
    top1AgreementCi95: [...wilsonInterval(same, samples)],
    klDivergence: finite ? divergences.reduce((a, b) => a + b, 0) / samples : null,
    klDivergenceCi95: finite ? [...bootstrapMean(divergences, { seed })] : null,
  };
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function noBetterThanChance({ before, samples }: TopOne, classes: number) {
  const message = `the original model is right on ${Math.round(before * samples)} of ${samples} samples, no better than guessing among ${classes} classes`;
  return diagnostics.warning(
    'accuracy-near-chance',
    message,
    undefined,
    'check --preprocess, "labelOffset" and the order of the classes',
  );
}
