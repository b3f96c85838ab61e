import {
  type Blas,
  kernelSpectra,
  monotoneCurve,
  type RealNdArray,
  type Spectrum,
  whitenedKernel,
} from '../numerics/index.ts';
import type { Decomposition, FitContext, RankAxis, Ranks } from '../pass/index.ts';

/** Fits that a curve is read from. */
const fitCount = 4;

/** Errors below this count as none: their logarithm says nothing any more. */
const negligible = 1e-8;

/**
 * Relative errors at many ranks, read between a few fits: the logarithm of the error over that of the rank or, with
 * several axes, of what the spectra say is lost at these ranks.
 */
export async function fittedErrors(
  decomposition: Decomposition,
  kernel: RealNdArray,
  ranks: readonly Ranks[],
  context: FitContext,
): Promise<readonly number[]> {
  const placeOf = await places(decomposition, kernel, context);
  const placed = ranks.map((at) => ({ at, place: placeOf(at) })).sort((a, b) => a.place - b.place);
  const chosen = spread(placed, fitCount);
  const logs: number[] = [];
  for (const { at } of chosen) {
    context.signal.throwIfAborted();
    const { relativeError } = await decomposition.fit(kernel, at, context);
    logs.push(Math.log(Math.max(negligible, relativeError)));
  }
  const curve = monotoneCurve(
    chosen.map(({ place }) => place),
    logs,
  );
  return ranks.map((at) => Math.exp(curve(placeOf(at))));
}

interface Placed {
  readonly at: Ranks;
  readonly place: number;
}

/** First, last, and those nearest to equal distances between; places differ. */
function spread(placed: readonly Placed[], count: number): readonly Placed[] {
  const [first, last] = [placed[0], placed.at(-1)] as [Placed, Placed];
  const chosen = new Map<number, Placed>();
  for (let i = 0; i < count; i++) {
    const wanted = first.place + (i / (count - 1)) * (last.place - first.place);
    const nearest = placed.reduce((best, other) =>
      Math.abs(other.place - wanted) < Math.abs(best.place - wanted) ? other : best,
    );
    chosen.set(nearest.place, nearest);
  }
  return [...chosen.values()];
}

/** Where ranks stand on the axis that errors are read along: further on, the larger they are. */
async function places(
  { axes }: Decomposition,
  kernel: RealNdArray,
  { metric, blas }: FitContext,
): Promise<(ranks: Ranks) => number> {
  const [only, ...others] = axes;
  if (only && others.length === 0) return (ranks) => Math.log(ranks[only.name] ?? 1);
  const white = metric ? await whitenedKernel(kernel, metric, blas) : kernel;
  const tails = await Promise.all(axes.map((axis) => lostBy(axis, white, blas)));
  return (ranks) => {
    const lost = axes.reduce((sum, { name }, axis) => sum + (tails[axis]?.[ranks[name] ?? 1] ?? 0), 0);
    return -Math.log(Math.max(negligible ** 2, lost));
  };
}

/** The part of a kernel's energy that an axis of rank 0, 1, 2 … leaves out. */
async function lostBy({ unfoldings, max }: RankAxis, kernel: RealNdArray, blas: Blas): Promise<readonly number[]> {
  const indices = ['g', 't', 's', ...kernel.dims.slice(3).map((_, axis) => `k${axis + 1}`)];
  const spectra = await Promise.all(unfoldings.map((rows) => kernelSpectra(kernel, indices, rows, blas)));
  return Array.from({ length: max + 1 }, (_, rank) => {
    const tails = spectra.map((groups) => lostAt(groups, rank));
    return Math.max(...tails);
  });
}

function lostAt(groups: readonly Spectrum[], rank: number): number {
  const energy = (from: number) =>
    groups.reduce((sum, { singularValues }) => sum + sumOfSquares(singularValues.subarray(from)), 0);
  const all = energy(0);
  return all > 0 ? energy(rank) / all : 0;
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
