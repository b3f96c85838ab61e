import type { RealArray } from './blas.ts';

/** Euclidean norms of the columns of float64[n, columns]. */
export function columnNorms(matrix: RealArray, columns: number): Float64Array {
  const norms = new Float64Array(columns);
  for (let at = 0; at < matrix.length; at += columns) {
    for (let j = 0; j < columns; j++) norms[j]! += matrix[at + j]! * matrix[at + j]!;
  }
  return norms.map(Math.sqrt);
}
