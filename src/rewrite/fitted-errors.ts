import {
  type Blas,
  kernelSpectra,
  type RealNdArray,
  readBetween,
  type Spectrum,
  whitenedKernel,
} from '../numerics/index.ts';
import type { Decomposition, FitContext, RankAxis, Ranks } from '../pass/index.ts';

/** Where on the way from the first to the last place fits are made. */
const sharesFor = { alone: [1 / 4, 1 / 2, 3 / 4, 1], together: [0, 1 / 3, 2 / 3, 1], shape: [1 / 2] } as const;

/** Errors below this count as none: their logarithm says nothing any more. */
const negligible = 1e-8;

/**
 * The logarithm of an error is nearly straight over this power of a single rank, 0 at rank 0: read between four fits of cp or
 * grouped cores at equal distances, the error is off by 2.4 % in the median, 11 % at worst; over the logarithm of the rank
 * 3.4 % and 61 %, between three fits 5 % and 17 % (ResNet-20 and a wide ResNet-50, calibrated).
 */
const power = 0.7;

/**
 * Relative errors at many ranks with a few fits: read between them, or, where a curve is known in shape, that curve times
 * what it is off by.
 *
 * @param known an estimate for each of `ranks`
 */
export async function fittedErrors(
  decomposition: Decomposition,
  kernel: RealNdArray,
  ranks: readonly Ranks[],
  context: FitContext,
  known?: readonly number[],
): Promise<readonly number[]> {
  const estimates = known ?? (await spectralErrors(decomposition, kernel, ranks, context));
  const alone = decomposition.axes[0]?.name ?? '';
  const logs = ranks.map((_, index) => (estimates ? logOf(estimates[index] as number) : 0));
  const places = estimates ? logs.map((log) => -log) : ranks.map((at) => (at[alone] ?? 1) ** power);
  const off = await readBetween(places, {
    shares: sharesFor[known ? 'shape' : estimates ? 'together' : 'alone'],
    ...(!estimates && { origin: 0 }),
    async valuesAt(indices) {
      const found: number[] = [];
      for (const index of indices) {
        context.signal.throwIfAborted();
        const fit = await decomposition.fit(kernel, ranks[index] as Ranks, { ...context, effort: 'fast' });
        found.push(logOf(fit.relativeError) - (logs[index] as number));
      }
      return found;
    },
  });
  return off.map((value, index) => Math.exp(value + (logs[index] as number)));
}

function logOf(error: number): number {
  return Math.log(Math.max(negligible, error));
}

/** With several axes: √ of the energy that their unfoldings lose, in a metric after whitening. Of one axis nothing is said. */
async function spectralErrors(
  { axes }: Decomposition,
  kernel: RealNdArray,
  ranks: readonly Ranks[],
  { metric, blas }: FitContext,
): Promise<readonly number[] | undefined> {
  if (axes.length < 2) return undefined;
  const white = metric ? await whitenedKernel(kernel, metric, blas) : kernel;
  const tails = await Promise.all(axes.map((axis) => lostBy(axis, white, blas)));
  return ranks.map((at) => {
    const lost = axes.reduce((sum, { name }, axis) => sum + (tails[axis]?.[at[name] ?? 1] ?? 0), 0);
    return Math.sqrt(lost);
  });
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
