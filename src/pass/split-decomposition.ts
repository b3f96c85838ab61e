import { calibratedSplit, type Fit, type RealNdArray, splitErrors, splitSvd } from '../numerics/index.ts';
import { calibratedSweeps } from './calibrated-effort.ts';
import type { Decomposition } from './decomposition.ts';
import type { LinearOperator } from './linear-operator.ts';

/**
 * A kernel cut in two: W[g, t, s, k…] = Σ_R U[g, t, R, k_out…] · V[g, R, s, k_in…], solved by one singular value
 * decomposition per group, or in the metric of the activations where that is known. Which spatial axes go with the inputs makes the method: none or all of them (svd, channel-svd),
 * some (spatial-svd).
 *
 * @param inputAxes spatial axes of V, 0-based; the others are U's
 */
export function splitDecomposition(operator: LinearOperator, inputAxes: readonly number[]): Decomposition {
  const { outputs, inputs, kernelShape } = operator;
  const outputAxes = kernelShape.map((_, axis) => axis).filter((axis) => !inputAxes.includes(axis));
  const size = (axes: readonly number[]) => axes.reduce((product, axis) => product * (kernelShape[axis] as number), 1);
  const indices = (axes: readonly number[]) => axes.map((axis) => `k${axis + 1}`);
  return {
    axes: [
      {
        name: 'R',
        max: Math.min(outputs * size(outputAxes), inputs * size(inputAxes)),
        unfoldings: [['t', ...indices(outputAxes)]],
      },
    ],
    factors: [
      { name: 'U', indices: ['g', 't', 'R', ...indices(outputAxes)] },
      { name: 'V', indices: ['g', 'R', 's', ...indices(inputAxes)] },
    ],
    chain: [
      { factor: 'V', to: ['g', 'R'], spatial: indices(inputAxes) },
      { factor: 'U', to: ['g', 't'], spatial: indices(outputAxes) },
    ],
    async fit(kernel: RealNdArray, { R = 1 }, { blas, metric, effort, signal }): Promise<Fit> {
      const { output, input, relativeError } = metric
        ? await calibratedSplit(kernel, inputAxes, R, { blas, metric, signal, sweeps: calibratedSweeps(effort) })
        : await splitSvd(kernel, inputAxes, R, blas);
      return { factors: { U: output, V: input }, relativeError };
    },
    async errors(kernel, ranks, { blas, metric }) {
      const along = ranks.map(({ R = 1 }) => R);
      const errors = await splitErrors(kernel, inputAxes, along, { blas, ...(metric && { metric }) });
      return { errors, shapeOnly: metric !== undefined && outputAxes.length > 0 };
    },
  };
}
