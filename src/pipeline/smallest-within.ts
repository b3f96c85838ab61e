/** What came of a budget. */
export interface Attempt<Result> {
  readonly result: Result;
  readonly kept: boolean;
  /** What was lost ÷ what may be lost; null where that is not known. Kept promises have at most 1. */
  readonly lost: number | null;
}

/** A budget that was tried. */
export interface Trial<Result> extends Attempt<Result> {
  /** Of the cost of the nodes, 0 … 1. */
  readonly share: number;
}

export interface Smallest<Result> {
  /** The trial with the smallest share that kept the promise; undefined where none did. */
  readonly best: Trial<Result> | undefined;
  readonly trials: readonly Trial<Result>[];
}

export interface ShareRange {
  readonly least: number;
  readonly most: number;
  readonly first?: number;
  readonly trials?: number;
}

/** Shares nearer than this are the same. */
const resolution = 0.04;

/** A kept promise of which so much was used is as good as its border: losses change five times as fast as shares. */
const usedUp = 0.85;

/** Fits cost: so many trials at most, by default. */
const mostTrials = 7;

/** Trials in a row that may leave more than half of the bracket. */
const patience = 2;

/** d log loss / d log share before two trials tell it: what residual networks of the corpus lose near half their MACs. */
const usualSlope = -5;

/** Half of the cost is where most networks begin to lose; what was reached by other means is seldom bettered by much. */
function firstTry(most: number): number {
  return most < 1 ? 0.8 * most : 0.5;
}

/**
 * The smallest share of a cost that keeps a promise. What a model loses grows with what is taken from it, apart from noise,
 * much like a power of the share: each trial is where the last two put the border, and a little beyond, away from the nearer end
 * of the bracket. Where nothing can be told, and where that closes in too slowly, the bracket is halved.
 *
 * @param range the smallest share there is, and the largest that is of interest; where to begin, and how often to try
 * @param attempt what comes of a share, and whether it keeps the promise
 */
export async function smallestWithin<Result>(
  { least, most, first = firstTry(most), trials: limit = mostTrials }: ShareRange,
  attempt: (share: number) => Promise<Attempt<Result>>,
): Promise<Smallest<Result>> {
  const trials: Trial<Result>[] = [];
  let [low, high] = [Math.max(least, 0.02), most];
  let best: Trial<Result> | undefined;
  let share = Math.max(low, first);
  let slow = 0;
  while (trials.length < limit) {
    const width = Math.log(high / low);
    const trial = { share, ...(await attempt(share)) };
    trials.push(trial);
    if (trial.kept) {
      best = trial;
      high = share;
    } else low = share;
    if (high <= low * (1 + resolution) || (trial.kept && (trial.lost ?? 0) >= usedUp)) break;
    slow = Math.log(high / low) <= width / 2 ? 0 : slow + 1;
    share = (slow <= patience ? borderOf(trials, low, high) : undefined) ?? Math.sqrt(low * high);
  }
  return { best, trials };
}

/** Where a power law through the ends of the bracket, or else the last two trials, meets the promise: inside the bracket. */
function borderOf(trials: readonly Trial<unknown>[], low: number, high: number): number | undefined {
  const points = trials.flatMap(({ share, lost }) =>
    lost !== null && lost > 0 && Number.isFinite(lost) ? [{ share, x: Math.log(share), y: Math.log(lost) }] : [],
  );
  const ends = points.filter(({ share }) => share === low || share === high);
  const [a, b] = ends.length === 2 ? ends : points.slice(-2);
  const last = b ?? a;
  if (!a || !last) return undefined;
  const measured = (last.y - a.y) / (last.x - a.x);
  const slope = measured < 0 ? Math.min(measured, usualSlope / 3) : usualSlope;
  const border = last.x - last.y / slope;
  // Half a step beyond, away from the nearer end: else all trials would come to lie on one side of the border.
  const beyond = border - Math.log(low) < Math.log(high) - border ? 0.5 : -0.5;
  const margin = Math.sqrt(1 + resolution);
  return Math.max(low * margin, Math.min(high / margin, Math.exp(border) * (1 + resolution) ** beyond));
}
