import { multiply } from '../../src/numerics/plain-blas.ts';
import { seededRandom } from '../../src/numerics/seeded-random.ts';

/** float64[m, n] of normal numbers. */
export function normalMatrix(seed: number, m: number, n: number): Float64Array {
  return seededRandom(seed, `${m} × ${n}`).normals(m * n);
}

/** A·Aᵀ of a normal matrix whose row i is scaled by `scale(i)`, in a random basis: float64[n, n]. */
export function gramWithSpectrum(seed: number, n: number, scale: (i: number) => number): Float64Array {
  const basis = normalMatrix(seed, n, n);
  const scaled = basis.map((x, at) => x * scale(at % n));
  return multiply({ m: n, n, k: n, a: scaled, b: scaled, transB: true });
}

/** The 32-bit generator of test/oracle/dense.py: numbers in [-½, ½), exact in float64. */
export function exactRandom(seed: number, count: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

/** ‖x‖∞ of a difference. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = Math.abs(a.length - b.length);
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(Number(a[i]) - Number(b[i])));
  return largest;
}

export function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
}

/** ‖QᵀQ − I‖∞ for float64[m, n]. */
export function orthonormalityError(q: Float64Array, m: number, n: number): number {
  return largestDifference(multiply({ m: n, n, k: m, a: q, b: q, transA: true }), identity(n));
}
