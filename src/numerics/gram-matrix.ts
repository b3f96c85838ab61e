import { addGram } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import type { RealNdArray } from './nd-array.ts';
import { splitAt } from './unfold.ts';

/** Numbers of an unfolding held at a time: 32 MiB of float32, enough work per product to hide the call. */
const CHUNK = 8 * 1024 * 1024;

/**
 * The Gram matrix of an unfolding, X₍ₙ₎·X₍ₙ₎ᵀ: for a matrix [m, n], mode 0 gives A·Aᵀ and mode 1 gives Aᵀ·A. The sum is
 * taken over chunks of columns of the unfolding, which is never built as a whole and never widened here: float32 data
 * stays float32 until the product, where `Blas` widens it.
 * @param array float32 or float64[d₀, …, d_N-1]
 * @param chunk numbers of the unfolding held at a time
 * @returns float64[dₙ, dₙ], symmetric to the last bit
 */
export async function gramMatrix(array: RealNdArray, mode: number, blas: Blas, chunk = CHUNK): Promise<Float64Array> {
  const { before, size, after } = splitAt(array.dims, mode);
  const gram = new Float64Array(size * size);
  for (const { data, columns } of unfoldedChunks(array.data, before, size, after, chunk)) {
    await addGram(gram, { data, rows: size, columns }, blas);
  }
  return gram;
}

/** The unfolding [size, before·after] of data [before, size, after], some columns at a time. */
function* unfoldedChunks(data: RealArray, before: number, size: number, after: number, chunk: number) {
  if (before === 1 && data.length <= chunk) {
    yield { data, columns: after };
    return;
  }
  const width = Math.max(1, Math.floor(chunk / size));
  const total = before * after;
  for (let start = 0; start < total; start += width) {
    const columns = Math.min(width, total - start);
    yield { data: unfoldedColumns(data, size, after, start, columns), columns };
  }
}

/** Columns start … start+columns of the unfolding; column b·after + a is data[b, :, a]. */
function unfoldedColumns(data: RealArray, size: number, after: number, start: number, columns: number): RealArray {
  const chunk = data instanceof Float32Array ? new Float32Array(size * columns) : new Float64Array(size * columns);
  const end = start + columns;
  for (let column = start; column < end; ) {
    const b = Math.floor(column / after);
    const run = Math.min(end, (b + 1) * after) - column;
    const from = b * size * after + (column - b * after);
    for (let i = 0; i < size; i++) {
      const to = i * columns + column - start;
      if (run === 1) chunk[to] = data[from + i * after]!;
      else chunk.set(data.subarray(from + i * after, from + i * after + run), to);
    }
    column += run;
  }
  return chunk;
}
