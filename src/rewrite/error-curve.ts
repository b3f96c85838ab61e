import type { RealNdArray } from '../numerics/index.ts';
import type { Decomposition, FitContext, Ranks } from '../pass/index.ts';
import { fittedErrors } from './fitted-errors.ts';

/**
 * Relative errors of a decomposition's fits at many ranks, as `Fit.relativeError`: from the decomposition itself where it
 * knows them, otherwise from a few fits. Zero where the decomposition is exact, and nowhere above that of smaller ranks,
 * whose factors the larger ones could hold.
 */
export async function errorCurve(
  decomposition: Decomposition,
  kernel: RealNdArray,
  ranks: readonly Ranks[],
  context: FitContext,
): Promise<readonly number[]> {
  const { axes } = decomposition;
  const isExact = (at: Ranks) => axes.every(({ name, max }) => at[name] === max);
  const inexact = ranks.filter((at) => !isExact(at));
  if (inexact.length === 0) return ranks.map(() => 0);
  const found = decomposition.errors
    ? await decomposition.errors(kernel, inexact, context)
    : await fittedErrors(decomposition, kernel, inexact, context);
  const errors = new Map(inexact.map((at, place) => [at, found[place] as number]));
  const isWithin = (small: Ranks, large: Ranks) =>
    axes.every(({ name }) => (small[name] as number) <= (large[name] as number));
  return ranks.map((at) => {
    if (isExact(at)) return 0;
    return inexact.reduce(
      (least, other) => (isWithin(other, at) ? Math.min(least, errors.get(other) as number) : least),
      1,
    );
  });
}
