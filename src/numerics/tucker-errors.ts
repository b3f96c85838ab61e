import { kernelShape } from './kernel-stack.ts';
import { errorsOfGroups, type MetricFitOptions } from './metric-fit.ts';
import type { RealNdArray } from './nd-array.ts';
import { nestedProjection } from './nested-projection.ts';
import { checkRank } from './row-basis.ts';
import type { TuckerRanks } from './tucker.ts';

/**
 * Relative errors of a Tucker-2 with the input basis that all ranks share and the best core and U for it, in a metric or
 * without: the start of `calibratedTucker2`, and within a few hundredths the result of `tucker2`.
 */
export async function tuckerErrors(
  kernel: RealNdArray,
  ranks: readonly TuckerRanks[],
  options: Pick<MetricFitOptions, 'blas' | 'metric'>,
): Promise<readonly number[]> {
  const { outputs, inputs } = kernelShape(kernel);
  const wanted = ranks.map(({ R3 = inputs, R4 = outputs }) => ({ R3, R4 }));
  for (const { R3, R4 } of wanted) {
    checkRank('R3', R3, inputs);
    checkRank('R4', R4, outputs);
  }
  const largest = Math.max(...wanted.map(({ R3 }) => R3));
  return errorsOfGroups(kernel, options, ranks.length, async (group) => {
    const nested = await nestedProjection(group, [], largest, options.blas);
    const lost = new Float64Array(wanted.length);
    for (const R3 of new Set(wanted.map((pair) => pair.R3))) {
      const places = [...wanted.keys()].filter((place) => wanted[place]!.R3 === R3);
      const errors = await nested.lowRank(
        R3,
        places.map((place) => wanted[place]!.R4),
      );
      places.forEach((place, i) => {
        const { R4 } = wanted[place]!;
        lost[place] = R3 === inputs && R4 === outputs ? 0 : errors[i]!;
      });
    }
    return lost;
  });
}
