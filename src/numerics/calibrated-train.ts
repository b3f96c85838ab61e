import { fitScaled } from './fit-scaled.ts';
import { kernelShape } from './kernel-stack.ts';
import { fitGroups, type MetricFitOptions, scaledProblem } from './metric-fit.ts';
import { basisStart, outputStart } from './metric-starts.ts';
import { elementCount, type RealNdArray } from './nd-array.ts';
import { checkRank } from './row-basis.ts';
import type { Fit } from './tensor-network.ts';
import { tensorTrain } from './tensor-train.ts';
import { type TrainFit, trainInner } from './train-inner.ts';

export interface CalibratedTrainOptions extends MetricFitOptions {
  /** Sweeps at most; 8 by default. */
  readonly sweeps?: number;
}

/** Steps of conjugate gradients on each factor in a sweep. */
const STEPS = 4;

/**
 * A tensor train in a metric, with the factors and the ranks of `tensorTrain`. Each factor but the last is improved by
 * conjugate gradients on the problem that the factors before it leave, the last one and U in closed form (see trainInner).
 * At full ranks it is `tensorTrain`. A kernel without spatial axes has no train in a metric but svd's: a RangeError.
 */
export async function calibratedTrain(
  kernel: RealNdArray,
  ranks: readonly number[],
  options: CalibratedTrainOptions,
): Promise<Fit> {
  const { outputs, inputs, spatial } = kernelShape(kernel);
  const { blas } = options;
  if (spatial.length === 0) throw new RangeError('a tensor train in a metric needs a spatial axis');
  const full = checkTrainRanks([inputs, ...spatial], ranks, outputs);
  if (full) return tensorTrain(kernel, ranks, blas);
  const names = ranks.map((_, i) => `R${i + 1}`);
  const specs = [
    { name: 'V', indices: ['R1', 's'] },
    ...spatial.map((_, j) => ({ name: `H${j + 1}`, indices: [names[j + 1]!, names[j]!, `k${j + 1}`] })),
    { name: 'U', indices: ['t', names.at(-1)!] },
  ];
  const sizes = Object.fromEntries(names.map((name, i) => [name, ranks[i]!]));
  return fitGroups(kernel, specs, sizes, options, async (group) => {
    const scaled = scaledProblem(group, [], blas);
    const { problem, image, scale } = scaled;
    const last = ranks.at(-1)!;
    const { slices } = await outputStart(scaled.kernel, image, outputs, last, blas);
    const start = await basisStart(problem, slices, last, ranks[0]!, blas);
    const method = trainInner(spatial, ranks.slice(1), STEPS, blas);
    const { basis, inner } = await fitScaled(group, [], scaled, start, method, {
      ...options,
      sweeps: options.sweeps ?? 8,
      steps: STEPS,
    });
    const factors: Record<string, Float64Array> = { V: basis };
    let car: TrainFit = inner;
    let position = 1;
    for (; car.rest; car = car.rest.inner, position++) factors[`H${position}`] = car.rest.basis;
    factors[`H${position}`] = car.core.data;
    factors['U'] = inner.output!.map((value) => value / scale);
    return factors;
  });
}

/** Whether all ranks are what the train can carry at most. Throws a RangeError where one is more. */
function checkTrainRanks(modes: readonly number[], ranks: readonly number[], outputs: number): boolean {
  let before = 1;
  let full = true;
  for (const [j, size] of modes.entries()) {
    const bound = Math.min(before * size, elementCount(modes.slice(j + 1)) * outputs);
    const rank = ranks[j] ?? 0;
    checkRank(`R${j + 1}`, rank, bound);
    if (rank < bound) full = false;
    before = rank;
  }
  return full;
}
