import type { Tridiagonal } from './tridiagonalize.ts';

/** Rows that share one pass over a reflector. */
const ROWS = 4;

/**
 * From eigenvectors of T to those of A: every row z becomes H_{n-1}···H_2·H_1·z, in place.
 * @param vectors float64[r, n], one vector a row
 */
export function applyReflectors({ reflectors, n }: Tridiagonal, vectors: Float64Array): void {
  const rows = vectors.length / n;
  for (let first = 0; first < rows; first += ROWS) {
    const count = Math.min(ROWS, rows - first);
    for (let i = 2; i < n; i++) {
      const v = reflectors.subarray(i * n, i * n + i);
      if (v[i - 1] === 0) continue;
      if (count === ROWS) reflectFour(vectors, first * n, n, v);
      else for (let row = first; row < first + count; row++) reflectOne(vectors, row * n, v);
    }
  }
}

function reflectOne(vectors: Float64Array, at: number, v: Float64Array) {
  let dot = 0;
  for (let c = 0; c < v.length; c++) dot += vectors[at + c]! * v[c]!;
  for (let c = 0; c < v.length; c++) vectors[at + c]! -= dot * v[c]!;
}

function reflectFour(vectors: Float64Array, at: number, n: number, v: Float64Array) {
  const b = at + n;
  const c = b + n;
  const d = c + n;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < v.length; i++) {
    const x = v[i]!;
    s0 += vectors[at + i]! * x;
    s1 += vectors[b + i]! * x;
    s2 += vectors[c + i]! * x;
    s3 += vectors[d + i]! * x;
  }
  for (let i = 0; i < v.length; i++) {
    const x = v[i]!;
    vectors[at + i]! -= s0 * x;
    vectors[b + i]! -= s1 * x;
    vectors[c + i]! -= s2 * x;
    vectors[d + i]! -= s3 * x;
  }
}
