import type { Blas } from './blas.ts';
import { blockedCholesky, blockedSolve } from './blocked-cholesky.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import type { KernelMetric } from './kernel-metric.ts';
import { kernelShape } from './kernel-stack.ts';
import type { GroupMoments, Moments } from './moments.ts';
import type { NdArray, RealNdArray } from './nd-array.ts';
import { transpose } from './transpose.ts';

export interface CalibratedTargetOptions {
  /** λ relative to the mean diagonal of G; 1e-3 by default. Without a ridge, directions never seen are extrapolated. */
  readonly ridge?: number;
}

/** What a fit aims at, and in which norm. */
export interface CalibratedTarget {
  /** W*, float64[g, t, s, k…]. */
  readonly kernel: NdArray;
  /** Gλ = G + λI of each group, float32[P, P]. */
  readonly metric: KernelMetric;
}

/** Unit roundoff of float32, doubled. */
const ROUNDING = 2 ** -23;

/**
 * The linear map that explains the wanted outputs best, and the metric in which to approach it, group by group:
 *
 *   Gλ = G + λI,  λ = ridge·tr(G)/P        W* = W + (C − W·G)·Gλ⁻¹
 *
 * which minimises E‖y − X x‖² + λ‖X − W‖² over X (centred): ridge regression towards W, so that directions in which
 * nothing was measured keep their weights. Where y is W x itself, W* is W. A group whose inputs never vary keeps W, with
 * the identity as metric.
 *
 * Cost: one Cholesky factorization and T solves, P³/3 + 2·T·P² multiply-accumulates; memory beside the moments 12·P².
 * @param kernel [g, t, s, k…]
 * @throws RangeError when moments and kernel have different sizes
 */
export async function calibratedTarget(
  kernel: RealNdArray,
  moments: Moments,
  blas: Blas,
  { ridge = 1e-3 }: CalibratedTargetOptions = {},
): Promise<CalibratedTarget> {
  const { outputs, inputs, positions } = checkMoments(kernel, moments);
  const columns = inputs * positions;
  const data = Float64Array.from(kernel.data);
  const grams: Float32Array[] = [];
  for (const [g, group] of moments.groups.entries()) {
    const part = data.subarray(g * outputs * columns, (g + 1) * outputs * columns);
    grams.push(await solveGroup(part, group, outputs, columns, ridge, blas));
  }
  return { kernel: { data, dims: kernel.dims }, metric: { grams } };
}

/** Turns W into W* in place. @returns Gλ */
async function solveGroup(
  kernel: Float64Array,
  { gram, cross, meanX }: GroupMoments,
  outputs: number,
  columns: number,
  ridge: number,
  blas: Blas,
): Promise<Float32Array> {
  const { metric, shift } = ridged({ gram, meanX }, ridge);
  if (shift === undefined) return metric;
  const residual = await blas.gemm64({ m: outputs, n: columns, k: columns, a: kernel, b: gram });
  for (let i = 0; i < residual.length; i++) residual[i] = cross[i]! - residual[i]!;
  const factor = await blockedCholesky(gram, columns, blas, shift);
  const step = await blockedSolve(factor, transpose(residual, outputs, columns), outputs, blas);
  for (let t = 0; t < outputs; t++) {
    for (let p = 0; p < columns; p++) kernel[t * columns + p]! += step[p * outputs + t]!;
  }
  return metric;
}

/**
 * Gλ of one group, float32[P, P]; the identity where its inputs never vary.
 * @param ridge λ relative to the mean diagonal of G
 */
export function ridgedGram(moments: Pick<GroupMoments, 'gram' | 'meanX'>, ridge: number): Float32Array {
  return ridged(moments, ridge).metric;
}

/** @returns Gλ, and λ; without λ the identity, where inputs never vary */
function ridged({ gram, meanX }: Pick<GroupMoments, 'gram' | 'meanX'>, ridge: number) {
  const columns = meanX.length;
  let trace = 0;
  for (let p = 0; p < columns; p++) trace += gram[p * columns + p]!;
  // G is a difference of float32 moments: below this there is nothing but their rounding.
  const floor = ROUNDING * sumOfSquares(meanX);
  const varies = trace > floor;
  const shift = Math.max(ridge * trace, floor) / columns;
  const metric = varies ? gram.slice() : new Float32Array(columns * columns);
  for (let p = 0; p < columns; p++) metric[p * columns + p]! += varies ? shift : 1;
  return { metric, shift: varies ? shift : undefined };
}

/** Sizes of a kernel whose moments these are. Throws a RangeError when they are not. */
export function checkMoments(kernel: RealNdArray, moments: Moments) {
  const shape = kernelShape(kernel);
  const columns = shape.inputs * shape.positions;
  const fits =
    moments.groups.length === shape.groups &&
    moments.groups.every(
      ({ gram, cross, meanX, meanY }) =>
        gram.length === columns * columns &&
        cross.length === shape.outputs * columns &&
        meanX.length === columns &&
        meanY.length === shape.outputs,
    );
  if (!fits) throw new RangeError(`the moments are not those of a kernel [${kernel.dims}]`);
  return shape;
}
