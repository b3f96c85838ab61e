/** Is the written model right, as good as the original, and faster? */
export { type Accuracy, type AccuracyOptions, type Agreement, measureAccuracy, type TopOne } from './accuracy.ts';
export { type CompareOptions, type Comparison, compareModels, type FeedBatch } from './compare-models.ts';
export { type ExactEquivalence, type ExactOptions, exactEquivalence } from './exact-equivalence.ts';
export type { InputShapes } from './input-shapes.ts';
export {
  type LatencyComparison,
  type LatencyOptions,
  measureLatency,
  type RunTimes,
  type TimeComparison,
} from './latency.ts';
export type { OutputDifference } from './output-tally.ts';
export { quantile } from './paired-ratio.ts';
export { perturbHalfWeights } from './perturb.ts';
export { probeModels } from './probe-models.ts';
export { measureSensitivities } from './sensitivities.ts';
export { isUnjudged, type Unjudged } from './unjudged.ts';
