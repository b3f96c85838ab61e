import type { RealNdArray } from '../numerics/index.ts';
import type { Decomposition, FitContext, Ranks } from '../pass/index.ts';
import { fittedErrors } from './fitted-errors.ts';

/**
 * Relative errors of a decomposition's fits at many ranks, as `Fit.relativeError`: from the decomposition itself where it
 * knows them, otherwise with the help of a few fits. Zero where the decomposition is exact, and nowhere above that of
 * smaller ranks, whose factors the larger ones could hold.
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
  const found = await decomposition.errors?.(kernel, inexact, context);
  const errors =
    found?.shapeOnly === false
      ? found.errors
      : await fittedErrors(decomposition, kernel, inexact, context, found?.errors);
  const isWithin = (small: Ranks, large: Ranks) =>
    axes.every(({ name }) => (small[name] as number) <= (large[name] as number));
  return ranks.map((at) => {
    if (isExact(at)) return 0;
    const within = errors.filter((_, place) => isWithin(inexact[place] as Ranks, at));
    return Math.min(1, ...within);
  });
}
