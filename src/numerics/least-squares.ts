import type { Blas } from './blas.ts';
import { cholesky, choleskySolve } from './cholesky.ts';
import { plainBlas } from './plain-blas.ts';
import { qr } from './qr.ts';

export interface LeastSquaresProblem {
  /** float64[m, n], m ≥ n. */
  readonly a: Float64Array;
  /** float64[m, columns]. */
  readonly b: Float64Array;
  readonly m: number;
  readonly n: number;
  readonly columns: number;
}

export interface LeastSquaresOptions {
  /**
   * `normal-equations` (default) costs two products and squares the condition number; `qr` keeps the digits.
   */
  readonly method?: 'normal-equations' | 'qr';
  /** λ ≥ 0 of ‖A·X − B‖² + λ·‖X‖²; 0 by default. */
  readonly ridge?: number;
  readonly blas?: Blas;
}

/**
 * X that minimises ‖A·X − B‖² + λ·‖X‖². float64[n, columns].
 * @throws RangeError when the columns of A depend on each other and there is no ridge to choose among the solutions
 */
export async function leastSquares(
  problem: LeastSquaresProblem,
  options: LeastSquaresOptions = {},
): Promise<Float64Array> {
  const { method = 'normal-equations', ridge = 0, blas = plainBlas } = options;
  if (method === 'qr') return solveByQr(ridge > 0 ? withRidge(problem, ridge) : problem);
  const { a, b, m, n, columns } = problem;
  const gram = await blas.gemm64({ m: n, n, k: m, a, b: a, transA: true });
  const right = await blas.gemm64({ m: n, n: columns, k: m, a, b, transA: true });
  for (let i = 0; i < n; i++) gram[i * n + i]! += ridge;
  return choleskySolve(cholesky(gram, n), right, columns);
}

/** [A; √λ·I]·X = [B; 0]. */
function withRidge({ a, b, m, n, columns }: LeastSquaresProblem, ridge: number): LeastSquaresProblem {
  const tallA = new Float64Array((m + n) * n);
  const tallB = new Float64Array((m + n) * columns);
  tallA.set(a);
  tallB.set(b);
  for (let i = 0; i < n; i++) tallA[(m + i) * n + i] = Math.sqrt(ridge);
  return { a: tallA, b: tallB, m: m + n, n, columns };
}

function solveByQr({ a, b, m, n, columns }: LeastSquaresProblem): Float64Array {
  const { q, r } = qr(a, m, n);
  const result = new Float64Array(n * columns);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const weight = q[i * n + j]!;
      for (let c = 0; c < columns; c++) result[j * columns + c]! += weight * b[i * columns + c]!;
    }
  }
  const floor = m * Number.EPSILON * r[0]!;
  for (let i = n - 1; i >= 0; i--) {
    const pivot = r[i * n + i]!;
    if (pivot <= floor) throw new RangeError(`leastSquares: column ${i} depends on the columns before it`);
    for (let c = 0; c < columns; c++) {
      let value = result[i * columns + c]!;
      for (let j = i + 1; j < n; j++) value -= r[i * n + j]! * result[j * columns + c]!;
      result[i * columns + c] = value / pivot;
    }
  }
  return result;
}
