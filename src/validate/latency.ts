import type { Device, Feeds, ModelSource, Runtime, RuntimeSession } from '../runtime/index.ts';
import { findInputShapes, type InputShapes } from './input-shapes.ts';
import { openPair, type SessionPair } from './open-pair.ts';
import { type PairedRatio, pairedRatio, quantile } from './paired-ratio.ts';
import { randomFeeds } from './random-feeds.ts';
import { isUnjudged, type Unjudged } from './unjudged.ts';

export interface LatencyOptions {
  /** Pairs of measurements, 30 by default. */
  readonly pairs?: number;
  /** Intra-op threads, 1 by default. */
  readonly threads?: number;
  /** The CPU by default. */
  readonly device?: Device;
  readonly feeds?: Feeds;
  readonly inputShapes?: InputShapes;
  readonly seed?: number;
}

/** Milliseconds of one run: percentiles over batches. */
export interface RunTimes {
  readonly p50: number;
  readonly p90: number;
}

export interface TimeComparison extends PairedRatio {
  readonly before: RunTimes;
  readonly after: RunTimes;
}

export interface LatencyComparison {
  readonly kind: 'measured';
  readonly wall: TimeComparison;
  /** CPU time of the process: what counts where other work waits, and less noisy on a shared machine. */
  readonly cpu: TimeComparison;
  /**
   * Wall time before ÷ after where nothing interrupts: by the quickest tenth of all runs, or the third quickest where they are
   * few. It has no interval, and is nearer to the truth where most pairs are disturbed, as those of two threads on two cores
   * often are: of a ResNet-56 ten pairs gave 1.92 to 2.04 so where medians of ten pairs lay between 1.4 and 2.2.
   */
  readonly undisturbed: number;
  readonly pairs: number;
  readonly threads: number;
  /** Runs in each half of a pair. */
  readonly runs: { readonly before: number; readonly after: number };
  readonly inputDims: Readonly<Record<string, readonly number[]>>;
}

/**
 * Runs come in batches of at least so many milliseconds: clock and scheduler are small beside them, and so is the first run,
 * which finds the other model in the processor's caches. One run each would time two cold models, a batch of the faster
 * against one run of the slower a warm and a cold one: a ResNet-20 of 0.6 ms came out 1.6 or 2.1 times as fast by that.
 */
const leastBatch = 20;

const warmUpRuns = 3;

type Times = Awaited<ReturnType<RuntimeSession['time']>>;

/**
 * Times two models in turns, A B A B …, in one process, on the same inputs.
 *
 * @returns Unjudged when the first model cannot be run
 * @throws runtime-rejected when only the second cannot, check-failed when their interfaces differ
 */
export async function measureLatency(
  runtime: Runtime,
  before: ModelSource,
  after: ModelSource,
  options: LatencyOptions = {},
): Promise<LatencyComparison | Unjudged> {
  const { pairs = 30, threads = 1, device = 'cpu', seed = 0 } = options;
  const pair = await openPair(runtime, before, after, { threads, device });
  if (isUnjudged(pair)) return pair;
  try {
    const shapes = options.feeds ? {} : await findInputShapes(pair.reference, seed, options.inputShapes);
    if (isUnjudged(shapes)) return shapes;
    const feeds = options.feeds ?? randomFeeds(pair.reference.inputs, shapes, seed);
    return { ...(await measurePair(pair, feeds, pairs)), threads, inputDims: dimsOf(feeds) };
  } finally {
    await pair.release();
  }
}

async function measurePair({ reference, candidate }: SessionPair, feeds: Feeds, pairs: number) {
  const runs = { before: await batchRuns(reference, feeds), after: await batchRuns(candidate, feeds) };
  const [first, second]: [Times[], Times[]] = [[], []];
  while (first.length < pairs) {
    first.push(await reference.time(feeds, runs.before));
    second.push(await candidate.time(feeds, runs.after));
  }
  return {
    kind: 'measured',
    wall: compareTimes(first, second, 'wall'),
    cpu: compareTimes(first, second, 'cpu'),
    undisturbed: quickest(first) / quickest(second),
    pairs: first.length,
    runs,
  } as const;
}

/** Warms up, and says how many runs make one measurement. */
async function batchRuns(session: RuntimeSession, feeds: Feeds): Promise<number> {
  const { wall } = await session.time(feeds, warmUpRuns);
  const shortest = wall.reduce((a, b) => Math.min(a, b));
  if (shortest >= leastBatch) return 1;
  // Some twenty runs later code and caches are warm, and the time of one run is known well enough.
  const again = (await session.time(feeds, 20)).wall.sort();
  return Math.ceil(leastBatch / Math.max(quantile(again, 0.5), 1e-3));
}

/**
 * What a batch comes to. Interruptions only ever add, and one thread that waits for a core makes all others wait: on a busy
 * machine the lower quartile stands for the model, not for its neighbours. Measured seven times, with another process on
 * the second of two cores, ratios of a ResNet-56 on two threads had a standard deviation of 1.2 % so, of 8.7 % by means, of
 * 4.7 % by the shortest runs. The CPU clock of some systems ticks too coarsely for single runs.
 */
const batchTime = {
  wall: (times: Float64Array) => quantile(times.slice().sort(), 0.25),
  cpu: (times: Float64Array) => times.reduce((sum, value) => sum + value, 0) / times.length,
} as const;

function compareTimes(before: readonly Times[], after: readonly Times[], clock: keyof Times): TimeComparison {
  const [first, second] = [before, after].map((batches) =>
    Float64Array.from(batches, (times) => batchTime[clock](times[clock])),
  );
  if (!first || !second) throw new Error('two series were made');
  return { ...pairedRatio(first, second), before: runTimes(first), after: runTimes(second) };
}

/** Wall time that a tenth of all runs takes at most, or the third quickest of a few. */
function quickest(batches: readonly Times[]): number {
  const runs = Float64Array.from(batches.flatMap(({ wall }) => [...wall])).sort();
  return quantile(runs, Math.max(0.1, Math.min(0.5, 2 / (runs.length - 1))));
}

function runTimes(batches: Float64Array): RunTimes {
  const sorted = batches.slice().sort();
  return { p50: quantile(sorted, 0.5), p90: quantile(sorted, 0.9) };
}

function dimsOf(feeds: Feeds): LatencyComparison['inputDims'] {
  return Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
}
