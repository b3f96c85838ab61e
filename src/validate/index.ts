/** Is the written model right, as good as the original, and faster? */
export { type Accuracy, type AccuracyOptions, type Agreement, measureAccuracy, type TopOne } from './accuracy.ts';
export { type Interval, wilsonInterval } from './intervals.ts';
