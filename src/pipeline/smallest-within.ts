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

/** Half of the cost is where most networks begin to lose; what was reached by other means is seldom bettered by much. */
function firstTry(most: number): number {
  return most < 1 ? 0.8 * most : 0.5;
}

/**
 * The smallest share of a cost that keeps a promise, by bisection in logarithms: what a model loses grows with what is
 * taken from it, apart from noise.
 *
 * @param range the smallest share there is, and the largest that is of interest: at the latter the promise holds
 * @param attempt what comes of a share, and whether it keeps the promise
 */
export async function smallestWithin<Result>(
  { least, most }: { readonly least: number; readonly most: number },
  attempt: (share: number) => Promise<{ readonly result: Result; readonly kept: boolean }>,
): Promise<Smallest<Result>> {
  const trials: Trial<Result>[] = [];
  let [low, high] = [Math.max(least, 0.02), most];
  let best: Trial<Result> | undefined;
  let share = Math.max(low, firstTry(most));
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
