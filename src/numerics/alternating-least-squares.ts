import type { Blas } from './blas.ts';
import { cholesky, choleskySolve } from './cholesky.ts';
import { contract } from './contract.ts';
import { contractWithOthers, withOnes } from './contract-others.ts';
import { innerProduct } from './inner-product.ts';
import { elementCount, type NdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import {
  checkFactors,
  checkNetwork,
  type FactorSpec,
  type Factors,
  indexSizes,
  type TensorNetwork,
} from './tensor-network.ts';

/** A quadratic form over some output indices; the others are measured as they are. */
export interface Metric {
  /** Output indices that the form couples, such as s, k1, k2. */
  readonly indices: readonly string[];
  /** G, float64[n, n], symmetric positive definite; n is the product of their sizes, row-major in their order. */
  readonly matrix: Float64Array;
}

export interface LeastSquaresFitOptions {
  readonly blas: Blas;
  /** What is minimised is tr((Ŵ−W) G (Ŵ−W)ᵀ); ‖Ŵ−W‖² without a metric. */
  readonly metric?: Metric;
  /** Sweeps over all factors; 50 by default. */
  readonly sweeps?: number;
  /** The fit ends when a sweep lowers the relative error by less than this; 1e-8 by default. */
  readonly tolerance?: number;
  /** Weight of a factor's distance from its last value, relative to the mean diagonal of its normal matrix; 1e-10. */
  readonly ridge?: number;
  readonly signal?: AbortSignal;
}

export interface LeastSquaresFit {
  readonly factors: Factors;
  /** √(tr((Ŵ−W) G (Ŵ−W)ᵀ) / tr(W G Wᵀ)) of the start and after each sweep; never rises but by rounding. */
  readonly errors: readonly number[];
}

/** Unknowns that one linear system may have: its dense normal matrix takes 8·n² bytes, 128 MiB here. */
const LARGEST_SYSTEM = 4096;

/**
 * Fits any tensor network to a tensor: a network is linear in each of its factors, so every factor in turn solves the
 * linear least-squares problem that the others leave (Kolda & Bader 2009, figure 3.3, for CP; the same holds for all).
 * The start must have no zero factors. Throws a RangeError where a factor's normal equations exceed 4096 unknowns per
 * system, which only happens for a core or for a metric over a large factor: such networks need a fit of their own.
 *
 * @param target float64 over `network.output`
 */
export async function alternatingLeastSquares(
  network: TensorNetwork,
  target: NdArray,
  start: Factors,
  options: LeastSquaresFitOptions,
): Promise<LeastSquaresFit> {
  checkNetwork(network);
  checkFactors(network, start);
  const { sweeps = 50, tolerance = 1e-8, blas } = options;
  const weighted = await applyMetric(network, target, options.metric, blas);
  const scale = innerProduct(target.data, weighted.data);
  const relativeError = async (factors: Factors): Promise<number> => {
    const residual = subtract(await contract(network, factors, blas), target);
    const image = await applyMetric(network, residual, options.metric, blas);
    return scale > 0 ? Math.sqrt(Math.max(0, innerProduct(residual.data, image.data)) / scale) : 0;
  };
  let factors = start;
  const errors = [await relativeError(start)];
  for (let sweep = 0; sweep < sweeps; sweep++) {
    options.signal?.throwIfAborted();
    for (const factor of network.factors) {
      factors = { ...factors, [factor.name]: await solveFactor(network, weighted, factors, factor, options) };
    }
    errors.push(await relativeError(factors));
    if (errors.at(-2)! - errors.at(-1)! < tolerance) break;
  }
  return { factors, errors };
}

/**
 * The least-squares optimum of one factor. Its unknowns fall into independent systems: `free` indices appear in no other
 * factor and not in the metric, so they only multiply right-hand sides; `batch` indices select a system; the rest, mostly
 * ranks, are its `unknowns`.
 */
async function solveFactor(
  network: TensorNetwork,
  weighted: NdArray,
  factors: Factors,
  factor: FactorSpec,
  { blas, metric, ridge = 1e-10 }: LeastSquaresFitOptions,
): Promise<NdArray> {
  const others = network.factors.filter(({ name }) => name !== factor.name);
  const plain = (index: string): boolean => network.output.includes(index) && !metric?.indices.includes(index);
  const shared = (index: string): boolean => others.some(({ indices }) => indices.includes(index));
  const batch = factor.indices.filter((index) => plain(index) && shared(index));
  const free = factor.indices.filter((index) => plain(index) && !shared(index));
  const unknowns = factor.indices.filter((index) => !plain(index));
  const order = [...batch, ...unknowns, ...free];
  const size = (indices: readonly string[]): number => elementCount(indexSizes(network, indices));
  const [n, columns] = [size(unknowns), size(free)];
  if (n > LARGEST_SYSTEM) {
    throw new RangeError(`factor ${factor.name} couples ${n} unknowns over [${unknowns}], more than ${LARGEST_SYSTEM}`);
  }
  const normal = await normalMatrices(network, factors, factor, batch, unknowns, metric, blas);
  const axes = order.map((index) => factor.indices.indexOf(index));
  const right = permuteAxes(await contractWithOthers(network, factors, factor.name, weighted, blas), axes);
  const solution = permuteAxes(factors[factor.name]!, axes).data.slice();
  for (let b = 0; b < size(batch); b++) {
    const slice = (data: Float64Array, length: number): Float64Array => data.subarray(b * length, (b + 1) * length);
    solveSystem(slice(normal, n * n), slice(right.data, n * columns), slice(solution, n * columns), n, columns, ridge);
  }
  const back = factor.indices.map((index) => order.indexOf(index));
  return permuteAxes({ data: solution, dims: right.dims }, back);
}

/** x ← argmin ½xᵀMx − xᵀb + ½μ‖x − x₀‖², from x₀ in place, with μ = ridge times the mean diagonal of M. */
function solveSystem(
  normal: Float64Array,
  right: Float64Array,
  solution: Float64Array,
  n: number,
  columns: number,
  ridge: number,
): void {
  const residual = right.slice();
  const shifted = normal.slice();
  let trace = 0;
  for (let i = 0; i < n; i++) {
    trace += normal[i * n + i]!;
    for (let j = 0; j < n; j++) {
      for (let c = 0; c < columns; c++) residual[i * columns + c]! -= normal[i * n + j]! * solution[j * columns + c]!;
    }
  }
  // Nothing depends on this factor: its value is as good as any.
  if (!(trace > 0)) return;
  for (let i = 0; i < n; i++) shifted[i * n + i]! += (ridge * trace) / n;
  const step = choleskySolve(cholesky(shifted, n), residual, columns);
  for (let i = 0; i < solution.length; i++) solution[i]! += step[i]!;
}

/**
 * Normal matrices of one factor, float64[batch…, unknowns…, unknowns′…]: the network of the other factors and their
 * primed copies, joined by the metric or, on indices that it does not couple, by equality.
 */
async function normalMatrices(
  network: TensorNetwork,
  factors: Factors,
  factor: FactorSpec,
  batch: readonly string[],
  unknowns: readonly string[],
  metric: Metric | undefined,
  blas: Blas,
): Promise<Float64Array> {
  const others = network.factors.filter(({ name }) => name !== factor.name);
  const doubled = (index: string): string =>
    network.output.includes(index) && !metric?.indices.includes(index) ? index : prime(index);
  const copies = others.map(({ name, indices }) => ({ name: prime(name), indices: indices.map(doubled) }));
  const specs = [...others, ...copies];
  const values: Record<string, NdArray> = { ...factors };
  for (const { name } of others) values[prime(name)] = factors[name]!;
  if (metric) {
    const dims = indexSizes(network, metric.indices);
    specs.push({ name: 'metric′', indices: [...metric.indices, ...metric.indices.map(prime)] });
    values['metric′'] = { data: metric.matrix, dims: [...dims, ...dims] };
  }
  const primedSizes = Object.fromEntries(Object.entries(network.sizes).map(([index, size]) => [prime(index), size]));
  const output = [...batch, ...unknowns, ...unknowns.map(prime)];
  const sizes = { ...network.sizes, ...primedSizes };
  const { data } = await contract(...withOnes({ sizes, factors: specs, output }, values), blas);
  return data;
}

function prime(name: string): string {
  return `${name}′`;
}

/** The tensor times the metric along its indices; the tensor itself without a metric. */
async function applyMetric(
  network: TensorNetwork,
  tensor: NdArray,
  metric: Metric | undefined,
  blas: Blas,
): Promise<NdArray> {
  if (!metric) return tensor;
  const dims = indexSizes(network, metric.indices);
  const sizes = {
    ...network.sizes,
    ...Object.fromEntries(metric.indices.map((index, axis) => [prime(index), dims[axis]!])),
  };
  const product = {
    sizes,
    factors: [
      { name: 'tensor', indices: network.output },
      { name: 'metric', indices: [...metric.indices, ...metric.indices.map(prime)] },
    ],
    output: network.output.map((index) => (metric.indices.includes(index) ? prime(index) : index)),
  };
  return contract(product, { tensor, metric: { data: metric.matrix, dims: [...dims, ...dims] } }, blas);
}

function subtract(a: NdArray, b: NdArray): NdArray {
  return { data: a.data.map((value, i) => value - b.data[i]!), dims: a.dims };
}
