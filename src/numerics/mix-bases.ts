import type { Blas } from './blas.ts';
import { cholesky, choleskySolve } from './cholesky.ts';

/** One application of a map between subspaces: where it began and what it made of it. */
export interface BasisStep {
  /** float64[n, rank], orthonormal columns. */
  readonly start: Float64Array;
  /** float64[n, rank], orthonormal columns. */
  readonly image: Float64Array;
}

/**
 * Where to apply a map between subspaces next, so that it comes to rest sooner: Anderson mixing (Walker & Ni 2011). With
 * residuals r = image − start, the combination of the past starts whose residuals cancel best is taken, and the same
 * combination of the images returned:
 *
 *   image − Σ γⱼ(imageⱼ₊₁ − imageⱼ),  γ = argmin ‖r − Σ γⱼ(rⱼ₊₁ − rⱼ)‖
 *
 * Bases of a subspace differ by a rotation that means nothing; before they are subtracted, each is replaced by the
 * projection of the last image on its span, Y(YᵀX). For subspaces that differ by an angle θ the error of that is of
 * order θ².
 *
 * @param steps oldest first
 * @returns float64[n, rank], columns that are orthonormal up to order θ²; undefined for fewer than two steps
 */
export async function mixBases(steps: readonly BasisStep[], n: number, blas: Blas): Promise<Float64Array | undefined> {
  const last = steps.at(-1);
  if (!last || steps.length < 2) return undefined;
  const rank = last.image.length / n;
  const images: Float64Array[] = [];
  const residuals: Float64Array[] = [];
  for (const { start, image } of steps) {
    const there = image === last.image ? image : await aligned(image, last.image, n, rank, blas);
    images.push(there);
    residuals.push(difference(there, await aligned(start, last.image, n, rank, blas)));
  }
  const turns = differences(residuals);
  const weights = mixingWeights(turns, residuals.at(-1)!);
  const mixed = last.image.slice();
  differences(images).forEach((change, j) => {
    const weight = weights[j]!;
    for (let i = 0; i < mixed.length; i++) mixed[i]! -= weight * change[i]!;
  });
  return mixed;
}

/** The projection of a basis on the span of another one, Y(YᵀX). */
async function aligned(y: Float64Array, x: Float64Array, n: number, rank: number, blas: Blas): Promise<Float64Array> {
  const overlap = await blas.gemm64({ m: rank, n: rank, k: n, a: y, b: x, transA: true });
  return blas.gemm64({ m: n, n: rank, k: rank, a: y, b: overlap });
}

function differences(arrays: readonly Float64Array[]): Float64Array[] {
  return arrays.slice(1).map((array, j) => difference(array, arrays[j]!));
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! - b[i]!;
  return result;
}

/** γ = argmin ‖target − Σ γⱼ·columnⱼ‖ by normal equations of unit columns; all zero where a column is. */
function mixingWeights(columns: readonly Float64Array[], target: Float64Array): Float64Array {
  const count = columns.length;
  const norms = columns.map((column) => Math.sqrt(dot(column, column)));
  if (!norms.every((norm) => norm > 0)) return new Float64Array(count);
  const normal = new Float64Array(count * count);
  const right = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    right[i] = dot(columns[i]!, target) / norms[i]!;
    for (let j = 0; j <= i; j++) {
      normal[i * count + j] = dot(columns[i]!, columns[j]!) / (norms[i]! * norms[j]!);
    }
  }
  const weights = choleskySolve(cholesky(normal, count), right, 1);
  for (let i = 0; i < count; i++) weights[i]! /= norms[i]!;
  return weights;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
