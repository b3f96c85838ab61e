import type { Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { contract } from './contract.ts';
import { innerProduct } from './inner-product.ts';
import type { KernelMetric } from './kernel-metric.ts';
import { kernelShape } from './kernel-stack.ts';
import { type MetricProblem, metricProblem } from './metric-problem.ts';
import { elementCount, type NdArray, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import type { Factors, Fit } from './tensor-network.ts';

export interface MetricFitOptions {
  readonly blas: Blas;
  /** Gλ for each group; without it the identity, the Frobenius norm. */
  readonly metric?: KernelMetric;
  readonly signal?: AbortSignal;
  /** Called with the relative error of one group after its start (sweep 0) and each sweep; it never rises. */
  onSweep?(sweep: number, relativeError: number): void;
}

/** A factor of one group, with the names of its indices; without g. */
export interface GroupFactor {
  readonly name: string;
  readonly indices: readonly string[];
  readonly data: Float64Array;
}

/** One group of a kernel, to be fitted in its metric. */
export interface MetricGroup {
  /** W, float64[T, P]. */
  readonly kernel: Float64Array;
  /** W·G, float64[T, P]. */
  readonly image: Float64Array;
  /** tr(W G Wᵀ) > 0. */
  readonly energy: number;
  readonly gram: RealArray | undefined;
  /** [T, S, k1 … kd]. */
  readonly dims: readonly number[];
}

/**
 * The groups of a kernel in their metric, one after the other; undefined for a group without energy.
 *
 * @throws RangeError when kernel and metric have different sizes
 */
export async function* metricGroups(
  kernel: RealNdArray,
  { metric, blas }: Pick<MetricFitOptions, 'metric' | 'blas'>,
): AsyncGenerator<MetricGroup | undefined> {
  const { groups, outputs, inputs, spatial, positions } = kernelShape(kernel);
  const columns = inputs * positions;
  if (metric && (metric.grams.length !== groups || metric.grams.some(({ length }) => length !== columns ** 2))) {
    throw new RangeError(`the metric is not that of a kernel [${kernel.dims}]`);
  }
  for (let g = 0; g < groups; g++) {
    const data = Float64Array.from(kernel.data.subarray(g * outputs * columns, (g + 1) * outputs * columns));
    const gram = metric?.grams[g];
    const image = await timesGram(data, outputs, gram, blas);
    const energy = innerProduct(data, image);
    yield energy > 0 ? { kernel: data, image, energy, gram, dims: [outputs, inputs, ...spatial] } : undefined;
  }
}

/**
 * Fits a kernel group by group and puts the factors together. The reported error is measured on the finished factors, in
 * float64: √(Σ tr((Ŵ−W) G (Ŵ−W)ᵀ) / Σ tr(W G Wᵀ)).
 *
 * @param ranks sizes of the indices that are not the kernel's
 * @param specs the factors that `solve` returns; a group without energy gets zeros instead
 * @throws RangeError when kernel and metric have different sizes
 */
export async function fitGroups(
  kernel: RealNdArray,
  specs: readonly Omit<GroupFactor, 'data'>[],
  ranks: Readonly<Record<string, number>>,
  options: Pick<MetricFitOptions, 'metric' | 'blas'>,
  solve: (group: MetricGroup) => Promise<Readonly<Record<string, Float64Array>>>,
): Promise<Fit> {
  const { groups, outputs, inputs, spatial } = kernelShape(kernel);
  const { blas } = options;
  const dims = [outputs, inputs, ...spatial];
  const names = ['t', 's', ...spatial.map((_, axis) => `k${axis + 1}`)];
  const sizes = { ...Object.fromEntries(names.map((name, axis) => [name, dims[axis]!])), ...ranks };
  const network = { sizes, factors: specs, output: names };
  const stacks = specs.map(({ indices }) => new Float64Array(groups * sizeOf(indices, sizes)));
  let [error, total] = [0, 0];
  let g = -1;
  for await (const group of metricGroups(kernel, options)) {
    g++;
    if (!group) continue;
    const found = await solve(group);
    const factors: Record<string, NdArray> = {};
    for (const [i, { name, indices }] of specs.entries()) {
      factors[name] = { data: found[name]!, dims: indices.map((index) => sizes[index]!) };
      stacks[i]!.set(found[name]!, g * found[name]!.length);
    }
    const fitted = await contract(network, factors, blas);
    const difference = fitted.data.map((value, i) => value - group.kernel[i]!);
    error += Math.max(0, innerProduct(difference, await timesGram(difference, outputs, group.gram, blas)));
    total += group.energy;
  }
  const factors: Factors = Object.fromEntries(
    specs.map(({ name, indices }, i) => [
      name,
      { data: stacks[i]!, dims: [groups, ...indices.map((index) => sizes[index]!)] },
    ]),
  );
  return { factors, relativeError: total > 0 ? Math.sqrt(error / total) : 0 };
}

/**
 * Relative errors at many ranks, as those of `fitGroups`.
 *
 * @param lost squared error of one group at each rank, as a part of its energy
 */
export async function errorsOfGroups(
  kernel: RealNdArray,
  options: Pick<MetricFitOptions, 'metric' | 'blas'>,
  count: number,
  lost: (group: MetricGroup) => Promise<ArrayLike<number>>,
): Promise<readonly number[]> {
  const errors = new Float64Array(count);
  let total = 0;
  for await (const group of metricGroups(kernel, options)) {
    if (!group) continue;
    const own = await lost(group);
    for (let i = 0; i < count; i++) errors[i]! += group.energy * Math.max(0, own[i]!);
    total += group.energy;
  }
  return Array.from(errors, (error) => (total > 0 ? Math.sqrt(error / total) : 0));
}

/** A group as a problem of unit size, and what its solution's A has to be divided by. */
export interface ScaledProblem {
  readonly problem: MetricProblem;
  /** W in the problem's axes and scale, float64[T, S, K]. */
  readonly kernel: Float64Array;
  /** W·G likewise. */
  readonly image: Float64Array;
  readonly scale: number;
}

/** Groups up to this many columns are fitted in float64: it costs them nothing worth counting. */
const NARROW_FROM = 128;

/** Squared errors below this are rounding of float32 as well: a fit goes on in float64. */
export const NARROW_ERROR = 1e-4;

/** @param inputAxes spatial axes that count as inputs */
export function scaledProblem(
  { kernel, image, energy, gram, dims }: MetricGroup,
  inputAxes: readonly number[],
  blas: Blas,
  precision?: Precision,
): ScaledProblem {
  const columns = elementCount(dims.slice(1));
  let trace = 0;
  for (let p = 0; p < columns; p++) trace += gram ? gram[p * columns + p]! / columns : 1 / columns;
  const gamma = 1 / trace;
  const scale = 1 / Math.sqrt(gamma * energy);
  const problem = metricProblem(
    { dims, inputAxes },
    image,
    gram,
    { gram: gamma, image: scale * gamma },
    precision ?? (columns > NARROW_FROM ? 'float32' : 'float64'),
    blas,
  );
  const outer = dims
    .slice(2)
    .map((_, axis) => axis)
    .filter((axis) => !inputAxes.includes(axis));
  const order = [0, 1, ...inputAxes.map((axis) => axis + 2), ...outer.map((axis) => axis + 2)];
  const inOrder = (data: Float64Array, factor: number) =>
    permuteAxes({ data, dims }, order).data.map((value) => value * factor);
  return { problem, kernel: inOrder(kernel, scale), image: inOrder(image, scale * gamma), scale };
}

async function timesGram(
  rows: Float64Array,
  count: number,
  gram: RealArray | undefined,
  blas: Blas,
): Promise<Float64Array> {
  if (!gram) return rows;
  const columns = rows.length / count;
  return blas.gemm64({ m: count, n: columns, k: columns, a: rows, b: gram });
}

function sizeOf(indices: readonly string[], sizes: Readonly<Record<string, number>>): number {
  return elementCount(indices.map((index) => sizes[index]!));
}
