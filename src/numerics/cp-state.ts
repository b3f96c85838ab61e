import type { Blas, RealArray } from './blas.ts';
import { cholesky } from './cholesky.ts';
import { columnNorms } from './column-norms.ts';
import { invertLower } from './invert-lower.ts';

/**
 * One group of a kernel for CP: a tensor of order N whose first two modes are its outputs t and inputs s, and whose
 * further modes, the spatial ones, are small. It is kept in both orders that the two large products read.
 */
export interface CpTensor {
  /** [T, S, K₁, …]. */
  readonly sizes: readonly number[];
  /** Product of the spatial sizes. */
  readonly positions: number;
  /** [T, S, K]. */
  readonly data: RealArray;
  /** [T, K, S]. */
  readonly inputsLast: RealArray;
  /** ‖X‖². */
  readonly energy: number;
}

/** A CP model: one matrix float64[nₘ, R] per mode of the tensor; X̂ = Σ_r of the outer products of r-th columns. */
export type CpModel = readonly Float64Array[];

/** Proximal weight of a least-squares step, relative to the mean diagonal of its normal matrix. */
const PROXIMITY = 1e-10;

/** Gram of the columns of float64[n, R]: float64[R, R]. */
export function columnGram(factor: Float64Array, rank: number, blas: Blas): Promise<Float64Array> {
  return blas.gemm64({ m: rank, n: rank, k: factor.length / rank, a: factor, b: factor, transA: true });
}

/** Entry by entry product. */
export function hadamard(first: Float64Array, ...others: readonly Float64Array[]): Float64Array {
  const product = first.slice();
  for (const other of others) for (let i = 0; i < product.length; i++) product[i]! *= other[i]!;
  return product;
}

/** Khatri–Rao product of the spatial factors (Kolda & Bader 2009, §2.6): float64[K, R], the last mode fastest. */
export function khatriRao(factors: readonly Float64Array[], rank: number): Float64Array {
  let product: Float64Array = new Float64Array(rank).fill(1);
  for (const factor of factors) {
    const next = new Float64Array((product.length * factor.length) / rank);
    for (let p = 0, to = 0; p < product.length; p += rank) {
      for (let q = 0; q < factor.length; q += rank) {
        for (let r = 0; r < rank; r++) next[to++] = product[p + r]! * factor[q + r]!;
      }
    }
    product = next;
  }
  return product;
}

export interface Step {
  /** The improved factor, float64[n, R]. */
  readonly factor: Float64Array;
  /** ‖X̂ − X‖² with it, by ‖X‖² − 2⟨N, F⟩ + ⟨FM, F⟩. */
  readonly squaredError: number;
}

/**
 * Least-squares step for one factor: minimises ‖X̂ − X‖² + μ‖F − F₀‖² over F, where FM = N are the normal equations
 * (Kolda & Bader 2009, figure 3.3). The proximal term keeps nearly dependent components from running away and, unlike
 * a penalty on F itself, moves no fixed point and never lets the error rise.
 *
 * @param before F₀, float64[n, R]
 * @param right N, float64[n, R]
 * @param normal M, float64[R, R]
 */
export async function leastSquaresStep(
  before: Float64Array,
  right: Float64Array,
  normal: Float64Array,
  energy: number,
  rank: number,
  blas: Blas,
): Promise<Step> {
  const n = before.length / rank;
  const residual = subtract(right, await blas.gemm64({ m: n, n: rank, k: rank, a: before, b: normal }));
  const inverse = invertLower(cholesky(withProximity(normal, rank), rank).lower, rank);
  const half = await blas.gemm64({ m: n, n: rank, k: rank, a: residual, b: inverse, transB: true });
  const step = await blas.gemm64({ m: n, n: rank, k: rank, a: half, b: inverse });
  const factor = before.map((value, i) => value + step[i]!);
  const image = await blas.gemm64({ m: n, n: rank, k: rank, a: factor, b: normal });
  let squaredError = energy;
  for (let i = 0; i < factor.length; i++) squaredError += factor[i]! * (image[i]! - 2 * right[i]!);
  return { factor, squaredError: Math.max(0, squaredError) };
}

/** Spreads the size of each component evenly over its columns, which neither the model nor its error notices. */
export function balance(model: CpModel, rank: number): CpModel {
  const norms = model.map((factor) => columnNorms(factor, rank));
  const target = new Float64Array(rank);
  for (let r = 0; r < rank; r++)
    target[r] = norms.reduce((product, norm) => product * norm[r]!, 1) ** (1 / model.length);
  return model.map((factor, mode) =>
    factor.map((value, i) => (target[i % rank]! > 0 ? value * (target[i % rank]! / norms[mode]![i % rank]!) : 0)),
  );
}

function withProximity(normal: Float64Array, rank: number): Float64Array {
  let trace = 0;
  for (let r = 0; r < rank; r++) trace += normal[r * rank + r]!;
  const shifted = normal.slice();
  const shift = trace > 0 ? (PROXIMITY * trace) / rank : 1;
  for (let r = 0; r < rank; r++) shifted[r * rank + r]! += shift;
  return shifted;
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}
