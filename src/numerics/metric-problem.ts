import { multiply, type Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { meanInputBlock, meanPositionBlock } from './mean-blocks.ts';
import { elementCount } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import { identity } from './row-basis.ts';

/*
 * Fits in the metric of the activations share one form. A kernel Ŵ[t,s,k] = Σ_r F[t,r,k] B[r,s] is approached from two
 * sides in turn: F, which holds whatever the method puts behind its input factor, and B.
 *
 *   ‖Ŵ − W‖²_G = 1 − 2⟨Ŵ, C⟩ + ⟨Ŵ G, Ŵ⟩,   C = W·G,  scaled to ‖W‖_G = 1 and mean diagonal 1
 *
 * Given B, the problem is the same with fewer inputs: C and G contracted with B, where a method alternates over the parts of
 * F for next to nothing (`Projected`). Given F, it is linear in B (`inputStep`). Every product with G has R rows, never T.
 *
 * s need not be the inputs: any axes of the kernel may stand for it, the rest stand for k (spatial-svd: s is (s, k1), k is k2;
 * the second car of a train: s is (R1, k1)).
 *
 * Layouts: what enters a product with G has its columns in the order (s, k), what comes out of one in the order (k, s). Then
 * both contractions with B are single products of matrices as they stand in memory, and only G's columns are permuted, once.
 */
export interface MetricProblem {
  /** T. */
  readonly outputs: number;
  /** S. */
  readonly inputs: number;
  /** K. */
  readonly positions: number;
  /** C, [T, K, S]. */
  readonly cross: RealArray;
  /** Mean of the K diagonal S × S blocks of G, float64[S, S]: the metric of the inputs alone. */
  readonly inputGram: Float64Array;
  /** Mean of the S diagonal K × K blocks of G, float64[K, K]: the metric of the positions alone. */
  readonly positionGram: Float64Array;
  readonly precision: Precision;
  /** Z·G for rows Z [rows, S, K]: [rows, K, S]; `into` may take it. */
  timesGram(rows: RealArray, count: number, into?: RealArray): Promise<RealArray>;
  /** The problem that is left when B [R, S] is held. */
  project(basis: Float64Array, rank: number): Promise<Projected>;
}

/** A problem over r instead of s. */
export interface Projected {
  readonly rank: number;
  readonly outputs: number;
  readonly positions: number;
  /** H[r,k,l,q] = Σ B[r,s] G[(s,k),(l,u)] B[q,u], [R, K, K, R]. */
  readonly gram: RealArray;
  /** D[t,k,r] = Σ_s C[t,k,s] B[r,s], [T, K, R]. */
  readonly cross: RealArray;
  readonly precision: Precision;
}

/** One group of a kernel with its metric, its axes divided among s and k. */
export interface ProblemAxes {
  /** [t, s, k1 … kd]. */
  readonly dims: readonly number[];
  /** Spatial axes (0 for k1) that count as inputs. */
  readonly inputAxes?: readonly number[];
}

/**
 * @param kernel W, float64[t, s, k…], with ‖W‖_G = 1
 * @param image W·G, float64[t, s, k…]
 * @param gram G, [P, P] over (s, k…); undefined for the identity
 */
export function metricProblem(
  { dims, inputAxes = [] }: ProblemAxes,
  image: Float64Array,
  gram: RealArray | undefined,
  scale: { readonly gram: number; readonly image: number },
  precision: Precision,
  blas: Blas,
): MetricProblem {
  const [outputs, channels, ...spatial] = dims as [number, number, ...number[]];
  const outer = spatial.map((_, axis) => axis).filter((axis) => !inputAxes.includes(axis));
  const inputs = channels * inputAxes.reduce((product, axis) => product * spatial[axis]!, 1);
  const positions = outer.reduce((product, axis) => product * spatial[axis]!, 1);
  const order = [0, ...inputAxes.map((axis) => axis + 1), ...outer.map((axis) => axis + 1)];
  const columns = [...outer.map((axis) => axis + 1), 0, ...inputAxes.map((axis) => axis + 1)];
  const cross = inPrecision(
    permuteAxes({ data: image, dims: [outputs, channels, ...spatial] }, [0, ...columns.map((axis) => axis + 1)]).data,
    precision,
    scale.image,
  );
  const shape = { outputs, inputs, positions, cross, precision };
  if (!gram) return identityProblem(shape, blas);
  const axes = [channels, ...spatial];
  const rank = axes.length;
  const ordered = permuteAxes({ data: gram, dims: [...axes, ...axes] }, [
    ...order,
    ...columns.map((axis) => axis + rank),
  ]);
  return gramProblem(shape, inPrecision(ordered.data, precision, scale.gram), blas);
}

type Shape = Pick<MetricProblem, 'outputs' | 'inputs' | 'positions' | 'cross' | 'precision'>;

/** @param gram G[(s,k),(l,u)], [S·K, K·S], in the problem's precision */
export function gramProblem(shape: Shape, gram: RealArray, blas: Blas): MetricProblem {
  const { inputs, positions, precision } = shape;
  const size = inputs * positions;
  return {
    ...shape,
    inputGram: meanInputBlock(gram, inputs, positions),
    positionGram: meanPositionBlock(gram, inputs, positions),
    timesGram: (rows, count, into) =>
      multiply({ m: count, n: size, k: size, a: inPrecision(rows, precision), b: gram }, blas, precision, into),
    async project(basis, rank) {
      const a = inPrecision(basis, precision);
      const image = await multiply({ m: rank, n: positions * size, k: inputs, a, b: gram }, blas, precision);
      const m = rank * positions * positions;
      const projected = await multiply({ m, n: rank, k: inputs, a: image, b: a, transB: true }, blas, precision);
      return { ...(await projectCross(shape, a, rank, blas)), gram: projected };
    },
  };
}

/** G = I: no metric. */
function identityProblem(shape: Shape, blas: Blas): MetricProblem {
  const { inputs, positions, precision } = shape;
  return {
    ...shape,
    inputGram: identity(inputs),
    positionGram: identity(positions),
    timesGram: async (rows, count) =>
      permuteAxes({ data: inPrecision(rows, precision), dims: [count, inputs, positions] }, [0, 2, 1]).data,
    async project(basis, rank) {
      const a = inPrecision(basis, precision);
      const products = await multiply({ m: rank, n: rank, k: inputs, a, b: a, transB: true }, blas, precision);
      const gram = newArray(precision, rank * positions * positions * rank);
      for (let r = 0; r < rank; r++) {
        const row = products.subarray(r * rank, (r + 1) * rank);
        for (let k = 0; k < positions; k++) gram.set(row, ((r * positions + k) * positions + k) * rank);
      }
      return { ...(await projectCross(shape, a, rank, blas)), gram };
    },
  };
}

async function projectCross(
  { outputs, inputs, positions, cross, precision }: Shape,
  basis: RealArray,
  rank: number,
  blas: Blas,
): Promise<Omit<Projected, 'gram'>> {
  const m = outputs * positions;
  const data = await multiply({ m, n: rank, k: inputs, a: cross, b: basis, transB: true }, blas, precision);
  return { rank, outputs, positions, precision, cross: data };
}

/**
 * The problem of a train's next factor, after a projection: inputs (r, k1), positions the rest.
 * @param spatial sizes of the axes that k stands for
 */
export function nextProblem(projected: Projected, spatial: readonly number[], blas: Blas): MetricProblem {
  const { rank, outputs, precision } = projected;
  const [first, ...rest] = spatial as [number, ...number[]];
  const positions = elementCount(rest);
  const cross = permuteAxes({ data: projected.cross, dims: [outputs, first, positions, rank] }, [0, 2, 3, 1]).data;
  const size = rank * first * positions;
  const gram = permuteAxes({ data: projected.gram, dims: [size, first, positions, rank] }, [0, 2, 3, 1]).data;
  return gramProblem({ outputs, inputs: rank * first, positions, cross, precision }, gram, blas);
}

/** The array itself when it is so already and unscaled. */
export function inPrecision(data: RealArray, precision: Precision, scale = 1): RealArray {
  const narrow = precision === 'float32';
  if (scale === 1 && data instanceof Float32Array === narrow) return data;
  const result = newArray(precision, data.length);
  if (scale === 1) result.set(data);
  else for (let i = 0; i < data.length; i++) result[i] = data[i]! * scale;
  return result;
}

export function newArray(precision: Precision, length: number): RealArray {
  return precision === 'float32' ? new Float32Array(length) : new Float64Array(length);
}
