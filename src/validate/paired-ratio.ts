/** Median of paired ratios with its 95 % interval. */
export interface PairedRatio {
  /** Median of before ÷ after: above 1, `after` is the smaller. */
  readonly ratio: number;
  readonly ci95: readonly [low: number, high: number];
}

/**
 * Each pair is measured back to back, so that what slows the machine for a while slows both. The interval holds for any
 * distribution: the k-th smallest and the k-th largest ratio enclose the median with probability
 * 1 − 2·P(Binomial(n, ½) < k) (David & Nagaraja, Order Statistics, 7.1); with fewer than 6 pairs, all of them.
 *
 * @param before in the order of measuring, as many as `after`
 */
export function pairedRatio(before: Float64Array, after: Float64Array): PairedRatio {
  const ratios = before.map((value, i) => value / (after[i] as number)).sort();
  const rank = intervalRank(ratios.length);
  return { ratio: quantile(ratios, 0.5), ci95: [ratios[rank] as number, ratios[ratios.length - 1 - rank] as number] };
}

/** Largest number of ratios that may be cut off at each end, such that 95 % confidence is kept. */
function intervalRank(count: number): number {
  // P(Binomial(count, 1/2) = 0), in logarithms: 2^-count underflows for long series.
  let logTerm = -count * Math.LN2;
  let below = Math.exp(logTerm);
  let rank = 0;
  while (below <= 0.025 && 2 * (rank + 1) < count) {
    rank++;
    logTerm += Math.log((count - rank + 1) / rank);
    below += Math.exp(logTerm);
  }
  return Math.max(0, rank - 1);
}

/** Linear between the neighbours (type 7 of Hyndman and Fan). @param sorted ascending, not empty */
export function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(position)] as number, sorted[Math.ceil(position)] as number];
  return low + (high - low) * (position - Math.floor(position));
}
