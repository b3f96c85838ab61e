import { measure } from './measure.mjs';

/**
 * @typedef {import('./measure.mjs').Sample} Sample
 * @typedef {{ name: string, command: readonly string[], env?: Record<string, string | undefined> }} Side
 */

/**
 * Runs two commands in turn, A B A B …, so that whatever the machine does meanwhile meets both.
 *
 * @param {Side} a
 * @param {Side} b
 * @param {number} pairs
 * @returns {Promise<readonly { a: Sample, b: Sample }[]>}
 */
export async function paired(a, b, pairs) {
  const samples = [];
  for (let pair = 0; pair < pairs; pair++) {
    samples.push({ a: await measure(a.command, { env: a.env }), b: await measure(b.command, { env: b.env }) });
    process.stderr.write(`\rpair ${pair + 1} of ${pairs}`);
  }
  process.stderr.write('\n');
  return samples;
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Medians of both sides and of the ratio a/b within pairs, with the smallest and the largest ratio.
 *
 * @template T
 * @param {readonly { a: T, b: T }[]} samples
 * @param {(sample: T) => number} value
 */
export function compare(samples, value) {
  const ratios = samples.map(({ a, b }) => value(a) / value(b));
  return {
    a: median(samples.map(({ a }) => value(a))),
    b: median(samples.map(({ b }) => value(b))),
    ratio: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
  };
}

/**
 * One line of a comparison: `wall  12.31 s  1.70 s  7.24× (6.9–7.6)`.
 *
 * @param {string} name
 * @param {ReturnType<typeof compare>} comparison
 * @param {(value: number) => string} format
 */
export function comparisonLine(name, { a, b, ratio, low, high }, format) {
  const range = `${ratio.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`;
  return `${name.padEnd(24)}${format(a).padStart(12)}${format(b).padStart(12)}   ${range}`;
}

/** @param {number} value */
export const seconds = (value) => `${value.toFixed(2)} s`;

/** @param {number} value */
export const mebibytes = (value) => `${(value / 2 ** 20).toFixed(0)} MiB`;
