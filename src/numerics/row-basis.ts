import { addGram, type RealMatrix } from './add-gram.ts';
import type { Blas } from './blas.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** A rank-R approximation M ≈ B·(BᵀM) with orthonormal columns in B. */
export interface RowProjection {
  /** B: float64[rows, rank]. */
  readonly basis: Float64Array;
  /** BᵀM: float64[rank, columns]. */
  readonly rest: Float64Array;
}

/**
 * The best rank-R approximation of a matrix in the Frobenius norm (Eckart & Young 1936), with the R leading left
 * singular vectors as its basis: the leading eigenvectors of M·Mᵀ. Choose rows as the shorter side: the cost is that of
 * an eigenproblem of that size. At rank = rows the basis is the identity, and the approximation M itself, to the bit.
 */
export async function projectRows(matrix: RealMatrix, rank: number, blas: Blas): Promise<RowProjection> {
  const { data, rows, columns } = matrix;
  if (rank === rows) return { basis: identity(rows), rest: Float64Array.from(data) };
  const basis = await leadingVectors(await rowGram(matrix, blas), rows, rank, blas);
  const rest = await blas.gemm64({ m: rank, n: columns, k: rows, a: basis, b: data, transA: true });
  return { basis, rest };
}

/** M·Mᵀ, float64[rows, rows]. */
export async function rowGram(matrix: RealMatrix, blas: Blas): Promise<Float64Array> {
  const gram = new Float64Array(matrix.rows * matrix.rows);
  await addGram(gram, matrix, blas);
  return gram;
}

/** The `rank` leading eigenvectors of a Gram matrix as columns of float64[n, rank]; the identity at full rank. */
export async function leadingVectors(gram: Float64Array, n: number, rank: number, blas: Blas): Promise<Float64Array> {
  if (rank === n) return identity(n);
  const { vectors } = await symmetricEigen(gram, n, { vectors: rank, blas });
  return vectors;
}

/** float64[n, n]. */
export function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1;
  return matrix;
}

/** Throws a RangeError unless 1 ≤ rank ≤ bound. */
export function checkRank(name: string, rank: number, bound: number): void {
  if (!Number.isInteger(rank) || rank < 1 || rank > bound) {
    throw new RangeError(`rank ${name} = ${rank} lies outside 1 … ${bound}`);
  }
}
