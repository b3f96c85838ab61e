import type { Blas } from './blas.ts';
import { blockedCholesky, solveUpper } from './blocked-cholesky.ts';
import { fitScaled } from './fit-scaled.ts';
import { kernelShape } from './kernel-stack.ts';
import { lowRankInner } from './low-rank-inner.ts';
import { fitGroups, type MetricFitOptions, type MetricGroup, scaledProblem } from './metric-fit.ts';
import { basisStart, outputStart } from './metric-starts.ts';
import { elementCount, type RealNdArray } from './nd-array.ts';
import { checkRank, leadingVectors } from './row-basis.ts';
import { type SplitSvd, splitSvd } from './split-svd.ts';
import { transpose } from './transpose.ts';

export interface CalibratedSplitOptions extends MetricFitOptions {
  /** Sweeps at most, where there is no closed form; 8 by default. */
  readonly sweeps?: number;
}

/** Steps of conjugate gradients on the input factor in a sweep. */
const STEPS = 4;

/**
 * A kernel cut in two like `splitSvd`, but measured in a metric.
 *
 * With all spatial axes on the input side (svd, channel-svd) that has a closed form: U the leading eigenvectors of W·G·Wᵀ
 * [T, T], V = UᵀW; with fewer inputs than outputs the same from LᵀWᵀW·L [P, P], G = L·Lᵀ. Otherwise (spatial-svd) V is
 * found by conjugate gradients and U in closed form, in turn (see fitInputs).
 *
 * Both factors carry the same length in every component. At full rank it is `splitSvd`, which is exact in every metric.
 */
export async function calibratedSplit(
  kernel: RealNdArray,
  inputAxes: readonly number[],
  rank: number,
  options: CalibratedSplitOptions,
): Promise<SplitSvd> {
  const { outputs, inputs, spatial } = kernelShape(kernel);
  const outputAxes = spatial.map((_, axis) => axis).filter((axis) => !inputAxes.includes(axis));
  const size = (axes: readonly number[]) => elementCount(axes.map((axis) => spatial[axis]!));
  const full = Math.min(outputs * size(outputAxes), inputs * size(inputAxes));
  checkRank('R', rank, full);
  if (rank === full) return splitSvd(kernel, inputAxes, rank, options.blas);
  const names = (axes: readonly number[]) => axes.map((axis) => `k${axis + 1}`);
  const specs = [
    { name: 'output', indices: ['t', 'R', ...names(outputAxes)] },
    { name: 'input', indices: ['R', 's', ...names(inputAxes)] },
  ];
  const fit = await fitGroups(kernel, specs, { R: rank }, options, async (group) => {
    const cut =
      outputAxes.length === 0
        ? await closedForm(group, rank, options.blas)
        : await alternate(group, inputAxes, rank, options);
    return balanced(cut, rank, outputs);
  });
  return { output: fit.factors['output']!, input: fit.factors['input']!, relativeError: fit.relativeError };
}

interface Cut {
  /** [T, R, K]. */
  readonly output: Float64Array;
  /** [R, n]. */
  readonly input: Float64Array;
}

async function closedForm({ kernel, image, gram, dims }: MetricGroup, rank: number, blas: Blas): Promise<Cut> {
  const outputs = dims[0]!;
  const columns = kernel.length / outputs;
  if (outputs <= columns || !gram) {
    const { vectors, slices } = await outputStart(kernel, image, outputs, rank, blas);
    return { output: vectors, input: slices };
  }
  const factor = await blockedCholesky(gram, columns, blas);
  const white = await blas.gemm64({ m: outputs, n: columns, k: columns, a: kernel, b: factor.lower });
  const square = await blas.gemm64({ m: columns, n: columns, k: outputs, a: white, b: white, transA: true });
  const vectors = await leadingVectors(square, columns, rank, blas);
  const input = transpose(await solveUpper(factor, vectors, rank, blas), columns, rank);
  return { output: await blas.gemm64({ m: outputs, n: rank, k: columns, a: white, b: vectors }), input };
}

async function alternate(
  group: MetricGroup,
  inputAxes: readonly number[],
  rank: number,
  options: CalibratedSplitOptions,
): Promise<Cut> {
  const { blas } = options;
  const scaled = scaledProblem(group, inputAxes, blas);
  const { problem, kernel, scale } = scaled;
  const { outputs } = problem;
  const start = await basisStart(problem, kernel, outputs, rank, blas);
  const { basis, inner } = await fitScaled(group, inputAxes, scaled, start, lowRankInner(undefined, blas), {
    ...options,
    sweeps: options.sweeps ?? 8,
    steps: STEPS,
  });
  const output = inner.core.data.map((value) => value / scale);
  return { output, input: basis };
}

/** The same length in both parts of each component. */
function balanced({ output, input }: Cut, rank: number, outputs: number): Record<string, Float64Array> {
  const taps = output.length / outputs / rank;
  const columns = input.length / rank;
  const scales = new Float64Array(rank);
  for (let r = 0; r < rank; r++) {
    let [left, right] = [0, 0];
    for (let i = r * columns; i < (r + 1) * columns; i++) right += input[i]! ** 2;
    for (let t = 0; t < outputs; t++) {
      for (let k = 0; k < taps; k++) left += output[(t * rank + r) * taps + k]! ** 2;
    }
    scales[r] = left > 0 && right > 0 ? (right / left) ** 0.25 : 1;
  }
  return {
    output: output.map((value, at) => value * scales[Math.floor(at / taps) % rank]!),
    input: input.map((value, at) => value / scales[Math.floor(at / columns)]!),
  };
}
