import { bestClass, type ClassScores } from './class-scores.ts';

/** What two models said about one sample. */
export interface SamplePair {
  /** Class of each, −1 where its scores are not finite. */
  readonly before: number;
  readonly after: number;
  /** KL(before ‖ after) of the two distributions, in nats; NaN where a score is not finite. */
  readonly divergence: number;
  /** Probability that each gives the right class; undefined without labels, NaN where a score is not finite. */
  readonly certainty: { readonly before: number; readonly after: number } | undefined;
}

/** Smallest normal float32: a probability of 0 is one that was too small to be stored. */
const smallest = 2 ** -126;

/**
 * Compares row by row, in float64.
 *
 * @param probabilities the scores are probabilities; otherwise logits, and softmax makes them so
 * @param labels the right class of each row
 */
export function comparePredictions(
  before: ClassScores,
  after: ClassScores,
  rows: number,
  probabilities: boolean,
  labels?: Int32Array,
): SamplePair[] {
  const logs = probabilities ? logProbabilities : logSoftmax;
  return Array.from({ length: rows }, (_, row) => {
    const pair = { before: bestClass(before, row), after: bestClass(after, row) };
    const finite = pair.before >= 0 && pair.after >= 0;
    const [p, q] = finite ? [logs(before, row), logs(after, row)] : [];
    const label = labels?.[row];
    const probability = (all: Float64Array | undefined, right: number) => Math.exp(all?.[right] ?? Number.NaN);
    return {
      ...pair,
      divergence: p && q ? divergence(p, q) : Number.NaN,
      certainty: label === undefined ? undefined : { before: probability(p, label), after: probability(q, label) },
    };
  });
}

/** KL(p ‖ q) = Σ p·(log p − log q), never below 0 for rounding. */
function divergence(logP: Float64Array, logQ: Float64Array): number {
  let sum = 0;
  for (const [c, log] of logP.entries()) sum += Math.exp(log) * (log - (logQ[c] ?? 0));
  return Math.max(0, sum);
}

/** Shifted by the row's maximum, so that nothing overflows. */
function logSoftmax(scores: ClassScores, row: number): Float64Array {
  const logits = Float64Array.from(rowOf(scores, row));
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - highest), 0);
  return logits.map((logit) => logit - highest - Math.log(sum));
}

function logProbabilities(scores: ClassScores, row: number): Float64Array {
  const values = Float64Array.from(rowOf(scores, row), (value) => Math.max(value, smallest));
  const sum = values.reduce((a, b) => a + b);
  return values.map((value) => Math.log(value / sum));
}

function rowOf({ classes, data }: ClassScores, row: number): Float32Array | Float64Array {
  return data.subarray(row * classes, (row + 1) * classes);
}
