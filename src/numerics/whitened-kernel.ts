import type { Blas, RealArray } from './blas.ts';
import { blockedCholesky } from './blocked-cholesky.ts';
import type { KernelMetric } from './kernel-metric.ts';
import { kernelShape } from './kernel-stack.ts';
import { symmetrize } from './mean-blocks.ts';
import type { NdArray, RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';

/**
 * A kernel whose Frobenius norm stands for a metric: Σ_s L[s, q] W[g, t, s, k…] with L·Lᵀ the mean of the metric's K
 * diagonal S × S blocks, the metric of the inputs alone. Its unfoldings show what a metric leaves of each rank.
 *
 * @param kernel [g, t, s, k…]
 * @returns float64[g, t, q, k…]
 */
export async function whitenedKernel(kernel: RealNdArray, { grams }: KernelMetric, blas: Blas): Promise<NdArray> {
  const { groups, outputs, inputs, positions } = kernelShape(kernel);
  const size = outputs * inputs * positions;
  const data = new Float64Array(groups * size);
  for (let g = 0; g < groups; g++) {
    const { lower } = await blockedCholesky(inputBlock(grams[g]!, inputs, positions), inputs, blas);
    const part = { data: kernel.data.subarray(g * size, (g + 1) * size), dims: [outputs, inputs, positions] };
    const m = outputs * positions;
    const rows = permuteAxes(part, [0, 2, 1]).data;
    const white = await blas.gemm64({ m, n: inputs, k: inputs, a: rows, b: lower });
    data.set(permuteAxes({ data: white, dims: [outputs, positions, inputs] }, [0, 2, 1]).data, g * size);
  }
  return { data, dims: kernel.dims };
}

/** Mean over k of G[(s, k), (u, k)], float64[S, S]. */
function inputBlock(gram: RealArray, inputs: number, positions: number): Float64Array {
  const columns = inputs * positions;
  const mean = new Float64Array(inputs * inputs);
  for (let s = 0; s < inputs; s++) {
    for (let u = 0; u < inputs; u++) {
      for (let k = 0; k < positions; k++) {
        mean[s * inputs + u]! += gram[(s * positions + k) * columns + u * positions + k]! / positions;
      }
    }
  }
  return symmetrize(mean, inputs);
}
