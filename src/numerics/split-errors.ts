import type { Blas } from './blas.ts';
import { blockedCholesky } from './blocked-cholesky.ts';
import { truncationErrors } from './kernel-spectra.ts';
import { kernelShape } from './kernel-stack.ts';
import { errorsOfGroups, type MetricFitOptions, type MetricGroup } from './metric-fit.ts';
import { outputGram } from './metric-starts.ts';
import { elementCount, type RealNdArray } from './nd-array.ts';
import { nestedProjection } from './nested-projection.ts';
import { permuteAxes } from './permute-axes.ts';
import { checkRank } from './row-basis.ts';
import { symmetricEigen } from './symmetric-eigen.ts';
import { singularValues } from './thin-svd.ts';

/**
 * Relative errors of `splitSvd`, or in a metric of `calibratedSplit`, at many ranks from one decomposition of each group.
 * They are those of the fits, but for spatial axes on the output side in a metric: there they are those of the start that
 * all ranks share, which fits improve.
 */
export async function splitErrors(
  kernel: RealNdArray,
  inputAxes: readonly number[],
  ranks: readonly number[],
  options: Pick<MetricFitOptions, 'blas' | 'metric'>,
): Promise<readonly number[]> {
  const { outputs, inputs, spatial } = kernelShape(kernel);
  const outputAxes = spatial.map((_, axis) => axis).filter((axis) => !inputAxes.includes(axis));
  const size = (axes: readonly number[]) => elementCount(axes.map((axis) => spatial[axis]!));
  const full = Math.min(outputs * size(outputAxes), inputs * size(inputAxes));
  for (const rank of ranks) checkRank('R', rank, full);
  const largest = ranks.reduce((most, rank) => (rank < full ? Math.max(most, rank) : most), 1);
  const { blas, metric } = options;
  return errorsOfGroups(kernel, options, ranks.length, async (group) => {
    const lost =
      metric && outputAxes.length > 0
        ? (await nestedProjection(group, inputAxes, largest, blas)).free
        : lostBy(await (metric ? metricValues(group, blas) : plainValues(group, inputAxes, outputAxes, blas)));
    return ranks.map((rank) => (rank === full ? 0 : lost(rank)));
  });
}

/** Squared errors of the best approximation of each rank from its singular values. */
function lostBy(values: Float64Array): (rank: number) => number {
  const errors = truncationErrors(values);
  return (rank) => errors[rank]! ** 2;
}

/** Of W·G^½, from the smaller of its two Gram matrices. */
async function metricValues({ kernel, image, gram, dims }: MetricGroup, blas: Blas): Promise<Float64Array> {
  const outputs = dims[0]!;
  const columns = kernel.length / outputs;
  if (outputs <= columns || !gram) return rootsOf(await outputGram(kernel, image, outputs, blas), outputs, blas);
  const { lower } = await blockedCholesky(gram, columns, blas);
  const white = await blas.gemm64({ m: outputs, n: columns, k: columns, a: kernel, b: lower });
  const square = await blas.gemm64({ m: columns, n: columns, k: outputs, a: white, b: white, transA: true });
  return rootsOf(square, columns, blas);
}

async function rootsOf(gram: Float64Array, n: number, blas: Blas): Promise<Float64Array> {
  const { values } = await symmetricEigen(gram, n, { blas });
  return values.map((value) => Math.sqrt(Math.max(0, value)));
}

function plainValues(
  { kernel, dims }: MetricGroup,
  inputAxes: readonly number[],
  outputAxes: readonly number[],
  blas: Blas,
): Promise<Float64Array> {
  const sides = [
    [0, ...outputAxes.map((axis) => axis + 2)],
    [1, ...inputAxes.map((axis) => axis + 2)],
  ];
  const { data } = permuteAxes({ data: kernel, dims }, sides.flat());
  const rows = elementCount(sides[0]!.map((axis) => dims[axis]!));
  return singularValues({ data, dims: [rows, data.length / rows] }, blas);
}
