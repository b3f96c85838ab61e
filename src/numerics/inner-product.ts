import type { RealArray } from './blas.ts';

/** ⟨a, b⟩ = Σ aᵢ·bᵢ in float64. */
export function innerProduct(a: RealArray, b: RealArray): number {
  return rowProduct(a, 0, b, 0, a.length);
}

/** The same of `length` numbers from given places on; four partial sums hide the latency of additions and round less than one. */
export function rowProduct(a: RealArray, fromA: number, b: RealArray, fromB: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[fromA + i]! * b[fromB + i]!;
    s1 += a[fromA + i + 1]! * b[fromB + i + 1]!;
    s2 += a[fromA + i + 2]! * b[fromB + i + 2]!;
    s3 += a[fromA + i + 3]! * b[fromB + i + 3]!;
  }
  for (; i < length; i++) s0 += a[fromA + i]! * b[fromB + i]!;
  return s0 + s1 + (s2 + s3);
}
