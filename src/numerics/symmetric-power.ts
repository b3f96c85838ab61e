import type { Blas } from './blas.ts';
import { plainBlas } from './plain-blas.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Eigenvalues below this part of the largest are raised to it before any power is taken. */
const CLAMP = 1e-10;

/**
 * Powers of a symmetric positive semidefinite matrix from one eigen-decomposition, C^p = V·diag(max(λ, 1e-10·λ₁)^p)·Vᵀ: for
 * whitening one asks for [0.5, -0.5].
 * @param matrix float64[n, n], symmetric, not zero
 * @returns one float64[n, n] for each exponent, symmetric to rounding
 */
export async function symmetricPower(
  matrix: Float64Array,
  n: number,
  exponents: readonly number[],
  blas: Blas = plainBlas,
): Promise<Float64Array[]> {
  const { values, vectors } = await symmetricEigen(matrix, n, { vectors: 'all', blas });
  const largest = values[0]!;
  if (!(largest > 0)) throw new RangeError('symmetricPower: the matrix has no positive eigenvalue');
  const powers: Float64Array[] = [];
  for (const exponent of exponents) {
    const weights = values.map((value) => Math.max(value, CLAMP * largest) ** exponent);
    const weighted = vectors.map((entry, at) => entry * weights[at % n]!);
    powers.push(await blas.gemm64({ m: n, n, k: n, a: weighted, b: vectors, transB: true }));
  }
  return powers;
}
