import type { Blas } from './blas.ts';
import { type BlockedCholesky, blockedCholesky, solveUpper } from './blocked-cholesky.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import type { Moments } from './moments.ts';
import { elementCount, type NdArray, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';

/**
 * In what norm errors of an operator's outputs count, group by group: ‖Lᵀ(ŷ−y)‖² with L·Lᵀ = H + λI. A fit in it
 * minimises tr(Lᵀ(Ŵ − W*) Gλ (Ŵ − W*)ᵀL): one of LᵀW* in the metric of the inputs, whose factor of the outputs is taken
 * back by L⁻ᵀ (Martens & Grosse 2015, arXiv:1503.05671: H ⊗ G for the curvature).
 */
export interface OutputMetric {
  /** Of each group, [T, T]. */
  readonly factors: readonly BlockedCholesky[];
}

/** λ relative to the mean diagonal of H: a few hundred gradients do not tell that a direction never matters. */
const ridge = 0.1;

/**
 * The output metric of what is known of gradients; undefined where nothing is. Its scale is such that errors which are
 * like the outputs, channel by channel, count as they would without it: Σ_t L·Lᵀ[t, t]·var(y_t) = Σ_t var(y_t).
 */
export async function outputMetric({ groups }: Moments, blas: Blas): Promise<OutputMetric | undefined> {
  let [weighed, variation] = [0, 0];
  const grams: Float64Array[] = [];
  for (const { gradients, varianceY } of groups) {
    if (!gradients) return undefined;
    const T = varianceY.length;
    let trace = 0;
    for (let t = 0; t < T; t++) trace += gradients[t * T + t]!;
    const gram = gradients.slice();
    for (let t = 0; t < T; t++) {
      gram[t * T + t]! += (ridge * trace) / T;
      weighed += gram[t * T + t]! * varianceY[t]!;
      variation += varianceY[t]!;
    }
    if (!(trace > 0)) return undefined;
    grams.push(gram);
  }
  const scale = variation / weighed;
  if (!(scale > 0) || !Number.isFinite(scale)) return undefined;
  const factors: BlockedCholesky[] = [];
  for (const gram of grams) {
    for (let i = 0; i < gram.length; i++) gram[i]! *= scale;
    factors.push(await blockedCholesky(gram, Math.sqrt(gram.length), blas));
  }
  return { factors };
}

/** ‖L‖_F of the largest group: no vector becomes longer by more than this. */
export function outputStretch({ factors }: OutputMetric): number {
  return Math.sqrt(Math.max(...factors.map(({ lower }) => sumOfSquares(lower))));
}

/**
 * Lᵀ times an array along its axis of the outputs.
 * @param axes of the groups, undefined where there is one group only, and of the outputs
 */
export function weighOutputs(array: RealNdArray, axes: OutputAxes, metric: OutputMetric, blas: Blas): Promise<NdArray> {
  return alongOutputs(array, axes, metric, ({ lower, n }, b, columns) =>
    blas.gemm64({ m: n, n: columns, k: n, a: lower, b, transA: true }),
  );
}

/** L⁻ᵀ times an array: undoes `weighOutputs`. */
export function unweighOutputs(
  array: RealNdArray,
  axes: OutputAxes,
  metric: OutputMetric,
  blas: Blas,
): Promise<NdArray> {
  return alongOutputs(array, axes, metric, (factor, b, columns) => solveUpper(factor, b, columns, blas));
}

export interface OutputAxes {
  readonly group: number | undefined;
  readonly output: number;
}

/** Those of a kernel W[g, t, s, k…]. */
export const kernelAxes: OutputAxes = { group: 0, output: 1 };

async function alongOutputs(
  { data, dims }: RealNdArray,
  { group, output }: OutputAxes,
  { factors }: OutputMetric,
  work: (factor: BlockedCholesky, rows: Float64Array, columns: number) => Promise<Float64Array>,
): Promise<NdArray> {
  const first = group === undefined ? [output] : [group, output];
  const order = [...first, ...dims.map((_, axis) => axis).filter((axis) => !first.includes(axis))];
  const ordered = permuteAxes({ data: Float64Array.from(data), dims }, order);
  const size = elementCount(dims) / factors.length;
  const result = new Float64Array(ordered.data.length);
  for (const [g, factor] of factors.entries()) {
    const rows = ordered.data.subarray(g * size, (g + 1) * size);
    result.set(await work(factor, rows, size / factor.n), g * size);
  }
  const back = dims.map((_, axis) => order.indexOf(axis));
  return permuteAxes({ data: result, dims: ordered.dims }, back);
}
