/** A budget that was tried. */
export interface Trial<Result> {
  /** Of the cost of the nodes, 0 … 1. */
  readonly share: number;
  readonly result: Result;
  readonly kept: boolean;
}

export interface Smallest<Result> {
  /** The trial with the smallest share that kept the promise; undefined where none did. */
  readonly best: Trial<Result> | undefined;
  readonly trials: readonly Trial<Result>[];
}

/** Shares nearer than this are the same. */
const resolution = 0.04;

/** Fits cost: so many trials at most. */
const mostTrials = 7;

/**
 * The smallest share of a cost that keeps a promise, by bisection in logarithms: what a model loses grows with what is
 * taken from it, apart from noise.
 *
 * @param least the smallest share there is
 * @param attempt what comes of a share, and whether it keeps the promise
 */
export async function smallestWithin<Result>(
  least: number,
  attempt: (share: number) => Promise<{ readonly result: Result; readonly kept: boolean }>,
): Promise<Smallest<Result>> {
  const trials: Trial<Result>[] = [];
  let [low, high] = [Math.max(least, 0.02), 1];
  let best: Trial<Result> | undefined;
  // Half of the cost is where most networks begin to lose.
  let share = Math.max(low, 0.5);
  while (trials.length < mostTrials) {
    const trial = { share, ...(await attempt(share)) };
    trials.push(trial);
    if (trial.kept) {
      best = trial;
      high = share;
    } else low = share;
    if (high <= low * (1 + resolution)) break;
    share = Math.sqrt(low * high);
  }
  return { best, trials };
}
