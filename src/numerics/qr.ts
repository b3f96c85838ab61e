import type { Blas } from './blas.ts';
import { cholesky, solveLower } from './cholesky.ts';
import { plainBlas } from './plain-blas.ts';
import { identity } from './row-basis.ts';
import { transpose } from './transpose.ts';

/** A = Q·R. */
export interface Qr {
  /** float64[m, n], orthonormal columns. */
  readonly q: Float64Array;
  /** float64[n, n], upper triangular, no negative number on the diagonal. */
  readonly r: Float64Array;
}

/**
 * The thin QR decomposition of a matrix with m ≥ n, by Householder reflections (Golub & Van Loan, 4th ed., §5.2). Works at
 * any rank: where a column depends on those before it, R has a zero on the diagonal and Q a column of its own.
 * @param matrix float64[m, n]
 */
export function qr(matrix: Float64Array, m: number, n: number): Qr {
  if (m < n || matrix.length !== m * n) throw new RangeError(`qr: ${matrix.length} numbers for ${m} × ${n}, m ≥ n`);
  const columns = transpose(matrix, m, n);
  const reflectors: Float64Array[] = [];
  const r = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const column = columns.subarray(j * m, (j + 1) * m);
    reflectors.forEach((v, k) => {
      reflectFrom(column, v, k);
    });
    for (let i = 0; i < j; i++) r[i * n + j] = column[i]!;
    const { reflector, norm } = householder(column.subarray(j));
    reflectors.push(reflector);
    r[j * n + j] = norm;
  }
  const rows = new Float64Array(n * m);
  for (let j = 0; j < n; j++) {
    const row = rows.subarray(j * m, (j + 1) * m);
    row[j] = 1;
    for (let k = j; k >= 0; k--) reflectFrom(row, reflectors[k]!, k);
  }
  return positiveDiagonal(transpose(rows, n, m), r, m, n);
}

/**
 * The same for a tall matrix whose columns are far from dependent, through Blas: Cholesky QR twice (Yamamoto, Nakatsukasa,
 * Yanagisawa & Fukaya, Roundoff Error Analysis of the CholeskyQR2 Algorithm, 2015). It holds up to a condition number of
 * about 1e7; beyond, and where the Cholesky factor needs help, the reflections of `qr` take over.
 */
export async function tallQr(matrix: Float64Array, m: number, n: number, blas: Blas = plainBlas): Promise<Qr> {
  const first = await choleskyQr(matrix, m, n, blas);
  const second = first && (await choleskyQr(first.q, m, n, blas));
  if (!first || !second) return qr(matrix, m, n);
  return { q: second.q, r: await blas.gemm64({ m: n, n, k: n, a: second.r, b: first.r }) };
}

async function choleskyQr(matrix: Float64Array, m: number, n: number, blas: Blas): Promise<Qr | undefined> {
  const gram = await blas.gemm64({ m: n, n, k: m, a: matrix, b: matrix, transA: true });
  // A zero column has no direction to normalise; reflections give it one.
  for (let i = 0; i < n; i++) if (!(gram[i * n + i]! > 0)) return undefined;
  const factor = cholesky(gram, n);
  if (factor.jitter > 0 || spread(factor.lower, n) > 1e7) return undefined;
  const inverse = solveLower(factor, identity(n), n);
  return {
    q: await blas.gemm64({ m, n, k: n, a: matrix, b: inverse, transB: true }),
    r: transpose(factor.lower, n, n),
  };
}

/** Ratio of the largest to the smallest diagonal entry: a lower bound of the condition number. */
function spread(lower: Float64Array, n: number): number {
  let largest = 0;
  let smallest = Infinity;
  for (let i = 0; i < n; i++) {
    largest = Math.max(largest, lower[i * n + i]!);
    smallest = Math.min(smallest, lower[i * n + i]!);
  }
  return largest / smallest;
}

/** v with ‖v‖² = 2 (or zeros) such that (I − v·vᵀ)·x is `norm` times the first unit vector. */
function householder(x: Float64Array): { reflector: Float64Array; norm: number } {
  let rest = 0;
  for (let i = 1; i < x.length; i++) rest += x[i]! * x[i]!;
  const reflector = new Float64Array(x.length);
  const alpha = x[0]!;
  if (rest === 0) return { reflector, norm: alpha };
  const norm = alpha > 0 ? -Math.sqrt(alpha * alpha + rest) : Math.sqrt(alpha * alpha + rest);
  const scale = 1 / Math.sqrt(-norm * (alpha - norm));
  reflector[0] = (alpha - norm) * scale;
  for (let i = 1; i < x.length; i++) reflector[i] = x[i]! * scale;
  return { reflector, norm };
}

/** x ← (I − v·vᵀ)·x on the entries from `start` on. */
function reflectFrom(x: Float64Array, v: Float64Array, start: number) {
  let product = 0;
  for (let i = 0; i < v.length; i++) product += v[i]! * x[start + i]!;
  for (let i = 0; i < v.length; i++) x[start + i]! -= product * v[i]!;
}

function positiveDiagonal(q: Float64Array, r: Float64Array, m: number, n: number): Qr {
  for (let j = 0; j < n; j++) {
    if (r[j * n + j]! >= 0) continue;
    for (let c = j; c < n; c++) r[j * n + c] = -r[j * n + c]!;
    for (let i = 0; i < m; i++) q[i * n + j] = -q[i * n + j]!;
  }
  return { q, r };
}
