import type { Blas } from './blas.ts';
import { checkMoments } from './calibrated-target.ts';
import { innerProduct } from './inner-product.ts';
import type { HeldBackRows, Moments } from './moments.ts';
import type { RealNdArray } from './nd-array.ts';

/*
 * Errors of a kernel Ŵ against the outputs y wanted at the inputs x of Ŵ, all as a part of Σ var(y): squared, relative,
 * summed over outputs and groups. 0 means every wanted output is met, 1 what a constant would do. Without any variance in
 * y they are 0 where nothing differs, and infinite otherwise.
 */

/**
 * Fit error tr((Ŵ − W*) G (Ŵ − W*)ᵀ) / Σ var(y): what was lost by approximating W*. It ranks candidates of one operator.
 * @param kernel Ŵ, [g, t, s, k…]
 * @param target W*, [g, t, s, k…]
 */
export async function fitError(
  kernel: RealNdArray,
  target: RealNdArray,
  moments: Moments,
  blas: Blas,
): Promise<number> {
  const { outputs, inputs, positions } = checkMoments(kernel, moments);
  const columns = inputs * positions;
  const size = outputs * columns;
  let error = 0;
  for (const [g, { gram }] of moments.groups.entries()) {
    const difference = Float64Array.from(
      { length: size },
      (_, i) => kernel.data[g * size + i]! - target.data[g * size + i]!,
    );
    error += innerProduct(
      difference,
      await blas.gemm64({ m: outputs, n: columns, k: columns, a: difference, b: gram }),
    );
  }
  return relativeTo(Math.max(0, error), totalVariance(moments));
}

/**
 * Predicted output error [tr(Ŵ G Ŵᵀ) − 2 tr(C Ŵᵀ) + Σ var(y)] / Σ var(y): exactly Σ‖ŷ − y‖² over the rows of the moments,
 * with `correctedBias`. Unlike the fit error it includes what no linear map of these inputs can explain.
 * @param kernel Ŵ, [g, t, s, k…]
 */
export async function predictedOutputError(kernel: RealNdArray, moments: Moments, blas: Blas): Promise<number> {
  const { outputs, inputs, positions } = checkMoments(kernel, moments);
  const columns = inputs * positions;
  const size = outputs * columns;
  const total = totalVariance(moments);
  let error = total;
  for (const [g, { gram, cross }] of moments.groups.entries()) {
    const part = kernel.data.subarray(g * size, (g + 1) * size);
    const image = await blas.gemm64({ m: outputs, n: columns, k: columns, a: part, b: gram });
    for (let i = 0; i < size; i++) error += part[i]! * (image[i]! - 2 * cross[i]!);
  }
  return relativeTo(Math.max(0, error), total);
}

/**
 * The bias that goes with a kernel: b = E[y] − Ŵ E[x], so that outputs are met in the mean.
 * @param kernel Ŵ, [g, t, s, k…]
 * @returns float64[g·T]
 */
export function correctedBias(kernel: RealNdArray, moments: Moments): Float64Array {
  const { groups, outputs, inputs, positions } = checkMoments(kernel, moments);
  const columns = inputs * positions;
  const bias = new Float64Array(groups * outputs);
  for (const [g, { meanX, meanY }] of moments.groups.entries()) {
    for (let t = 0; t < outputs; t++) {
      const row = (g * outputs + t) * columns;
      let sum = meanY[t]!;
      for (let p = 0; p < columns; p++) sum -= kernel.data[row + p]! * meanX[p]!;
      bias[g * outputs + t] = sum;
    }
  }
  return bias;
}

/**
 * The same error on rows that no fit has seen: Σ‖Ŵ x + b − y‖² / Σ‖y − ȳ‖² over them, ȳ their own mean.
 * @param kernel Ŵ, [g, t, s, k…]
 * @param bias float64[g·T]
 */
export async function heldBackError(
  kernel: RealNdArray,
  bias: Float64Array,
  { rows, x, y }: HeldBackRows,
  blas: Blas,
): Promise<number> {
  const [groups, outputs] = kernel.dims as [number, number];
  const columns = kernel.data.length / (groups * outputs);
  let [error, variance] = [0, 0];
  for (let g = 0; g < groups; g++) {
    const part = kernel.data.subarray(g * outputs * columns, (g + 1) * outputs * columns);
    const product = await blas.gemm64({ m: rows, n: outputs, k: columns, a: x[g]!, b: part, transB: true });
    const wanted = y[g]!;
    for (let t = 0; t < outputs; t++) {
      let mean = 0;
      for (let row = 0; row < rows; row++) mean += wanted[row * outputs + t]! / rows;
      for (let at = t; at < wanted.length; at += outputs) {
        error += (product[at]! + bias[g * outputs + t]! - wanted[at]!) ** 2;
        variance += (wanted[at]! - mean) ** 2;
      }
    }
  }
  return relativeTo(error, variance);
}

function totalVariance({ groups }: Moments): number {
  return groups.reduce((sum, { varianceY }) => varianceY.reduce((part, value) => part + value, sum), 0);
}

function relativeTo(error: number, total: number): number {
  if (total > 0) return error / total;
  return error > 0 ? Number.POSITIVE_INFINITY : 0;
}
