import type { Blas, RealArray } from './blas.ts';

/** Rows of the Gram matrix computed at a time: at n = 2048, strips of its lower triangle cost 5/8 of the square. */
const STRIP = 512;

/** A row-major matrix in either precision. */
export interface RealMatrix {
  readonly data: RealArray;
  readonly rows: number;
  readonly columns: number;
}

/** gram += A·Aᵀ, with gram float64[rows, rows]. Exactly symmetric when it was so before. */
export async function addGram(gram: Float64Array, matrix: RealMatrix, blas: Blas): Promise<void> {
  const { data, rows, columns } = matrix;
  for (let start = 0; start < rows; start += STRIP) {
    const size = Math.min(STRIP, rows - start);
    const width = start + size;
    const a = data.subarray(start * columns, width * columns);
    const b = data.subarray(0, width * columns);
    const strip = await blas.gemm64({ m: size, n: width, k: columns, a, b, transB: true });
    for (let i = 0; i < size; i++) {
      const row = (start + i) * rows;
      for (let j = 0; j <= start + i; j++) {
        gram[row + j]! += strip[i * width + j]!;
        gram[j * rows + start + i] = gram[row + j]!;
      }
    }
  }
}
