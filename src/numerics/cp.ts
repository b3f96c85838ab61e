import type { Blas, RealArray } from './blas.ts';
import { exactModel, exactRank } from './cp-exact.ts';
import { fitCp } from './cp-fit.ts';
import type { CpModel, CpTensor } from './cp-state.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { kernelShape } from './kernel-stack.ts';
import { elementCount, type NdArray, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Factors, Fit } from './tensor-network.ts';

export interface CpOptions {
  readonly blas: Blas;
  /** Fills what the start leaves open and draws the random starts. */
  readonly random: SeededRandom;
  /**
   * 'joint' keeps the spatial axes in one factor K (1×1 → depthwise k×k → 1×1); 'split' gives each its own, K1 … Kd
   * (Lebedev et al. 2015). A kernel without spatial axes has a K of size R in both. 'joint' by default.
   */
  readonly spatial?: 'joint' | 'split';
  /** Starts that compete: the spectral one, then random ones; 3 by default. */
  readonly starts?: number;
  /**
   * Times that a settled fit is shaken out of its local minimum: its weakest component is drawn anew, and the result kept
   * where it ends lower; 0 by default.
   */
  readonly reseeds?: number;
  /** Sweeps of the start that wins; 200 by default. */
  readonly maxSweeps?: number;
  /** A fit ends when ten sweeps lower ‖Ŵ−W‖/‖W‖ by less than this; 1e-6 by default. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

/**
 * CP decomposition of a kernel, group by group:
 *
 *   joint  W[g,t,s,k…]   ≈ Σ_r A[g,t,r] K[g,r,k…] B[g,r,s]
 *   split  W[g,t,s,k₁,…] ≈ Σ_r A[g,t,r] K1[g,r,k₁] … B[g,r,s]
 *
 * by alternating least squares from several starts (see fitCp). From `cpExactRank` on the factors are written down
 * directly and reproduce the kernel to the bit.
 *
 * @param kernel [g, t, s, k1 … kd]
 * @param rank R ≥ 1
 */
export async function cp(kernel: RealNdArray, rank: number, options: CpOptions): Promise<Fit> {
  if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`rank R = ${rank} is not a positive integer`);
  const { groups } = kernelShape(kernel);
  const sizes = modeSizes(kernel.dims, options.spatial ?? 'joint');
  const length = elementCount(sizes);
  const models: CpModel[] = [];
  let squaredError = 0;
  for (let g = 0; g < groups; g++) {
    const data = kernel.data.subarray(g * length, (g + 1) * length);
    if (rank >= exactRank(sizes)) {
      models.push(exactModel(data, sizes, rank));
    } else {
      const fitted = await fitCp(cpTensor(data, sizes), rank, options);
      models.push(fitted.model);
      squaredError += fitted.squaredError;
    }
  }
  const energy = sumOfSquares(kernel.data);
  return {
    factors: namedFactors(models, kernel.dims, sizes, rank, options.spatial ?? 'joint'),
    relativeError: energy > 0 ? Math.sqrt(squaredError / energy) : 0,
  };
}

/** The rank at which CP reproduces any kernel of these dims: the product of all mode sizes but the largest. */
export function cpExactRank(dims: readonly number[], spatial: 'joint' | 'split' = 'joint'): number {
  return exactRank(modeSizes(dims, spatial));
}

/** [T, S, K] or [T, S, K₁ … K_d]. */
function modeSizes([, outputs, inputs, ...spatial]: readonly number[], form: 'joint' | 'split'): number[] {
  const positions = form === 'joint' || spatial.length === 0 ? [elementCount(spatial)] : spatial;
  return [outputs!, inputs!, ...positions];
}

function cpTensor(data: RealArray, sizes: readonly number[]): CpTensor {
  const [outputs, inputs, ...spatial] = sizes as [number, number, ...number[]];
  const positions = elementCount(spatial);
  const inputsLast = permuteAxes({ data, dims: [outputs, inputs, positions] }, [0, 2, 1]).data;
  return { sizes, positions, data, inputsLast, energy: sumOfSquares(data) };
}

function namedFactors(
  models: readonly CpModel[],
  dims: readonly number[],
  sizes: readonly number[],
  rank: number,
  form: 'joint' | 'split',
): Factors {
  const stacked = (mode: number): NdArray => {
    const data = new Float64Array(models.length * sizes[mode]! * rank);
    for (const [g, model] of models.entries()) data.set(model[mode]!, g * sizes[mode]! * rank);
    return { data, dims: [models.length, sizes[mode]!, rank] };
  };
  const rankFirst = (mode: number): NdArray => permuteAxes(stacked(mode), [0, 2, 1]);
  const factors: Record<string, NdArray> = { A: stacked(0), B: rankFirst(1) };
  const joint = form === 'joint' || dims.length === 3;
  for (let mode = 2; mode < sizes.length; mode++) {
    const factor = rankFirst(mode);
    if (joint) factors['K'] = { ...factor, dims: [models.length, rank, ...dims.slice(3)] };
    else factors[`K${mode - 1}`] = factor;
  }
  return factors;
}
