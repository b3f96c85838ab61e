import { fitScaled } from './fit-scaled.ts';
import { kernelShape } from './kernel-stack.ts';
import { lowRankInner } from './low-rank-inner.ts';
import { fitGroups, type MetricFitOptions, type MetricGroup, scaledProblem } from './metric-fit.ts';
import { basisStart, outputStart } from './metric-starts.ts';
import type { RealNdArray } from './nd-array.ts';
import { checkRank, identity } from './row-basis.ts';
import type { Fit } from './tensor-network.ts';
import { type TuckerRanks, tucker2 } from './tucker.ts';

export interface CalibratedTuckerOptions extends MetricFitOptions {
  /** Sweeps at most; 8 by default. */
  readonly sweeps?: number;
}

/** Steps of conjugate gradients on the input factor in a sweep. */
const STEPS = 4;

/**
 * Tucker-2 of a kernel in a metric, with the factors of `tucker2`. Output side only: U the leading eigenvectors of W·G·Wᵀ,
 * C = UᵀW, the optimum. Otherwise V starts as the leading input directions under the mean metric of the inputs, and is
 * improved in turn with U and C, which have a closed form (see fitInputs, lowRankInner).
 *
 * At full ranks it is `tucker2`.
 */
export async function calibratedTucker2(
  kernel: RealNdArray,
  ranks: TuckerRanks,
  options: CalibratedTuckerOptions,
): Promise<Fit> {
  const { outputs, inputs, spatial } = kernelShape(kernel);
  const { R3 = inputs, R4 = outputs } = ranks;
  checkRank('R4', R4, outputs);
  checkRank('R3', R3, inputs);
  if (R3 === inputs && R4 === outputs) return tucker2(kernel, ranks, options);
  const axes = spatial.map((_, axis) => `k${axis + 1}`);
  const [q, r] = [ranks.R4 === undefined ? 't' : 'R4', ranks.R3 === undefined ? 's' : 'R3'];
  const specs = [
    { name: 'C', indices: [q, r, ...axes] },
    ...(ranks.R4 === undefined ? [] : [{ name: 'U', indices: ['t', 'R4'] }]),
    ...(ranks.R3 === undefined ? [] : [{ name: 'V', indices: ['R3', 's'] }]),
  ];
  return fitGroups(kernel, specs, { R3, R4 }, options, (group) =>
    R3 === inputs ? fitOutputs(group, R4, inputs, options) : fitBoth(group, R3, R4, options),
  );
}

async function fitOutputs(
  { kernel, image, dims }: MetricGroup,
  R4: number,
  inputs: number,
  { blas }: CalibratedTuckerOptions,
): Promise<Record<string, Float64Array>> {
  const { vectors, slices } = await outputStart(kernel, image, dims[0]!, R4, blas);
  return { U: vectors, C: slices, V: identity(inputs) };
}

async function fitBoth(
  group: MetricGroup,
  R3: number,
  R4: number,
  options: CalibratedTuckerOptions,
): Promise<Record<string, Float64Array>> {
  const { blas } = options;
  const scaled = scaledProblem(group, [], blas);
  const { problem, kernel, image, scale } = scaled;
  const { outputs } = problem;
  const onOutputs = R4 < outputs;
  const rows = onOutputs ? (await outputStart(kernel, image, outputs, R4, blas)).slices : kernel;
  const start = await basisStart(problem, rows, R4, R3, blas);
  const method = lowRankInner(onOutputs ? R4 : undefined, blas);
  const { basis, inner } = await fitScaled(group, [], scaled, start, method, {
    ...options,
    sweeps: options.sweeps ?? 8,
    steps: STEPS,
  });
  return { U: inner.output ?? identity(outputs), C: inner.core.data.map((value) => value / scale), V: basis };
}
