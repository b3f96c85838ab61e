import type { RealArray } from './blas.ts';

/** Square tiles keep both the rows read and the rows written in the first-level cache. */
const TILE = 32;

/** [rows, columns] → [columns, rows], widened to float64. */
export function transpose(data: RealArray, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) result[j * rows + i] = data[i * columns + j]!;
      }
    }
  }
  return result;
}
