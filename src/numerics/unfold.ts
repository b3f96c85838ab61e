import type { Blas } from './blas.ts';
import type { NdArray } from './nd-array.ts';
import { plainBlas } from './plain-blas.ts';

/** How a mode sits in row-major storage: [before, size, after]. */
export function splitAt(dims: readonly number[], mode: number) {
  const size = dims[mode];
  if (size === undefined) throw new RangeError(`mode ${mode} of an array of order ${dims.length}`);
  const before = dims.slice(0, mode).reduce((product, dim) => product * dim, 1);
  const after = dims.slice(mode + 1).reduce((product, dim) => product * dim, 1);
  return { before, size, after };
}

/**
 * The mode-n unfolding X₍ₙ₎ of Kolda & Bader (Tensor Decompositions and Applications, 2009, §2.4), with the other modes
 * in row-major order: row i holds the entries whose mode-n index is i.
 * @param array float64[d₀, …, d_N-1]
 * @returns float64[dₙ, Π others]
 */
export function unfold(array: NdArray, mode: number): NdArray {
  const { before, size, after } = splitAt(array.dims, mode);
  if (before === 1) return { data: array.data, dims: [size, after] };
  const data = new Float64Array(array.data.length);
  for (let b = 0; b < before; b++) {
    for (let i = 0; i < size; i++) {
      const from = (b * size + i) * after;
      data.set(array.data.subarray(from, from + after), i * before * after + b * after);
    }
  }
  return { data, dims: [size, before * after] };
}

/** The inverse of `unfold`: the array of shape `dims` whose mode-n unfolding is `matrix`. */
export function fold(matrix: NdArray, mode: number, dims: readonly number[]): NdArray {
  const { before, size, after } = splitAt(dims, mode);
  if (matrix.data.length !== before * size * after) {
    throw new RangeError(`fold: ${matrix.data.length} numbers into [${dims.join(', ')}]`);
  }
  if (before === 1) return { data: matrix.data, dims };
  const data = new Float64Array(matrix.data.length);
  for (let i = 0; i < size; i++) {
    for (let b = 0; b < before; b++) {
      const from = (i * before + b) * after;
      data.set(matrix.data.subarray(from, from + after), (b * size + i) * after);
    }
  }
  return { data, dims };
}

/**
 * X ×ₙ M (Kolda & Bader §2.5): every mode-n fibre is multiplied by the matrix; (X ×ₙ M)₍ₙ₎ = M·X₍ₙ₎.
 * @param array float64[…, dₙ, …]
 * @param matrix float64[r, dₙ], or [dₙ, r] when `transposed` (then Mᵀ is applied)
 * @returns float64[…, r, …]
 */
export async function modeProduct(
  array: NdArray,
  matrix: NdArray,
  mode: number,
  { transposed = false, blas = plainBlas }: { readonly transposed?: boolean; readonly blas?: Blas } = {},
): Promise<NdArray> {
  const { before, size, after } = splitAt(array.dims, mode);
  const rank = matrix.dims[transposed ? 1 : 0];
  if (rank === undefined || matrix.dims[transposed ? 0 : 1] !== size) {
    throw new RangeError(`modeProduct: [${matrix.dims.join(', ')}] along mode ${mode} of [${array.dims.join(', ')}]`);
  }
  const dims = array.dims.with(mode, rank);
  if (after === 1) {
    // The mode is the last: X as [before, dₙ] times Mᵀ, without any permutation.
    const data = await blas.gemm64({ m: before, n: rank, k: size, a: array.data, b: matrix.data, transB: !transposed });
    return { data, dims };
  }
  const { data } = unfold(array, mode);
  const product = await blas.gemm64({
    m: rank,
    n: before * after,
    k: size,
    a: matrix.data,
    b: data,
    transA: transposed,
  });
  return fold({ data: product, dims: [rank, before * after] }, mode, dims);
}
