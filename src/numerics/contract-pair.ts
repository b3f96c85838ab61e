import type { Blas } from './blas.ts';
import { elementCount, type NdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';

/** An array whose axes carry index names. */
export interface Labelled extends NdArray {
  readonly indices: readonly string[];
}

/**
 * Below this many multiply-accumulates, a product is done here: a call of `Blas` costs more. Measured with ONNX
 * Runtime's Gemm behind it, whose calls take 20 to 50 µs.
 */
const SMALL_PRODUCT = 1 << 14;

interface BatchedProduct {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly transA: boolean;
  readonly transB: boolean;
}

/**
 * Σ over the indices that nobody needs any more of a·b. The result's indices are those of both sides that are needed
 * (its batch), then those of a alone, then those of b alone.
 */
export async function contractPair(
  left: Labelled,
  right: Labelled,
  needed: ReadonlySet<string>,
  blas: Blas,
): Promise<Labelled> {
  const a = sumOut(left, new Set([...needed, ...right.indices]));
  const b = sumOut(right, new Set([...needed, ...left.indices]));
  const shared = a.indices.filter((index) => b.indices.includes(index));
  const batch = shared.filter((index) => needed.has(index));
  const summed = shared.filter((index) => !needed.has(index));
  const rows = a.indices.filter((index) => !shared.includes(index));
  const columns = b.indices.filter((index) => !shared.includes(index));
  const [volumeOf, sizeOf] = measures(a, b);
  const matrixA = asMatrices(a, batch, rows, summed);
  const matrixB = asMatrices(b, batch, summed, columns);
  const product = { batch: volumeOf(batch), m: volumeOf(rows), n: volumeOf(columns), k: volumeOf(summed) };
  const indices = [...batch, ...rows, ...columns];
  return {
    data: await multiply(
      { ...product, a: matrixA.data, b: matrixB.data, transA: matrixA.transposed, transB: matrixB.transposed },
      blas,
    ),
    dims: indices.map(sizeOf),
    indices,
  };
}

/** Sums an array over its indices outside `keep`. */
export function sumOut(array: Labelled, keep: ReadonlySet<string>): Labelled {
  const gone = array.indices.filter((index) => !keep.has(index));
  if (gone.length === 0) return array;
  const kept = array.indices.filter((index) => keep.has(index));
  const order = [...kept, ...gone].map((index) => array.indices.indexOf(index));
  const { data, dims } = permuteAxes(array, order);
  const outer = elementCount(dims.slice(0, kept.length));
  const inner = elementCount(dims.slice(kept.length));
  const sums = new Float64Array(outer);
  for (let o = 0; o < outer; o++) {
    let sum = 0;
    for (let i = o * inner; i < (o + 1) * inner; i++) sum += data[i]!;
    sums[o] = sum;
  }
  return { data: sums, dims: dims.slice(0, kept.length), indices: kept };
}

function measures(a: Labelled, b: Labelled): [(indices: readonly string[]) => number, (index: string) => number] {
  const sizes = new Map<string, number>();
  for (const array of [a, b]) for (const [axis, index] of array.indices.entries()) sizes.set(index, array.dims[axis]!);
  const sizeOf = (index: string): number => sizes.get(index)!;
  return [(indices) => indices.reduce((product, index) => product * sizeOf(index), 1), sizeOf];
}

/** The array as [batch, rows, columns], or as [batch, columns, rows] where that needs no copy. */
function asMatrices(
  array: Labelled,
  batch: readonly string[],
  rows: readonly string[],
  columns: readonly string[],
): { data: Float64Array; transposed: boolean } {
  const axes = (indices: readonly string[]): number[] => indices.map((index) => array.indices.indexOf(index));
  const turned = permuteIfFree(array, axes([...batch, ...columns, ...rows]));
  if (turned) return { data: turned, transposed: true };
  return { data: permuteAxes(array, axes([...batch, ...rows, ...columns])).data, transposed: false };
}

function permuteIfFree(array: Labelled, order: readonly number[]): Float64Array | undefined {
  const moved = order.filter((axis) => array.dims[axis] !== 1);
  return moved.every((axis, j) => j === 0 || moved[j - 1]! < axis) ? array.data : undefined;
}

async function multiply(product: BatchedProduct, blas: Blas): Promise<Float64Array> {
  const { batch, m, n, k, a, b, transA, transB } = product;
  if (batch === 1 && m * n * k > SMALL_PRODUCT) return blas.gemm64({ m, n, k, a, b, transA, transB });
  const result = new Float64Array(batch * m * n);
  for (let i = 0; i < batch; i++) {
    const ai = a.subarray(i * m * k, (i + 1) * m * k);
    const bi = b.subarray(i * k * n, (i + 1) * k * n);
    const ci = result.subarray(i * m * n, (i + 1) * m * n);
    if (k > 1 && m * n * k > SMALL_PRODUCT) ci.set(await blas.gemm64({ m, n, k, a: ai, b: bi, transA, transB }));
    else multiplySmall(ci, { ...product, a: ai, b: bi });
  }
  return result;
}

function multiplySmall(c: Float64Array, { m, n, k, a, b, transA, transB }: BatchedProduct): void {
  const [rowA, stepA] = transA ? [1, m] : [k, 1];
  const [stepB, columnB] = transB ? [1, k] : [n, 1];
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = a[i * rowA + p * stepA]!;
      for (let j = 0; j < n; j++) c[i * n + j]! += factor * b[p * stepB + j * columnB]!;
    }
  }
}
