import type { SeededRandom } from './seeded-random.ts';
import { seededRandom } from './seeded-random.ts';

/** Neighbouring eigenvalues closer than this part of ‖T‖ get their vectors orthogonalised against each other. */
const CLUSTER = 1e-8;
/** Solves per vector. One is enough but for an unlucky start; the second settles it. */
const SOLVES = 2;

/** LU factors of T − λI with row interchanges: three diagonals of U, the multipliers and who was swapped. */
interface Factors {
  readonly u0: Float64Array;
  readonly u1: Float64Array;
  readonly u2: Float64Array;
  readonly multipliers: Float64Array;
  readonly swapped: Uint8Array;
}

/**
 * Eigenvectors of a symmetric tridiagonal matrix by inverse iteration (Peters & Wilkinson, tristurm, 1971; Ipsen,
 * Computing an Eigenvector with Inverse Iteration, 1997). Vectors of a cluster are made orthogonal here; those of
 * separate values are orthogonal to ε·‖T‖/gap only, and the caller finishes the orthonormalisation as one product.
 * @param diagonal float64[n]
 * @param offDiagonal float64[n], T[i, i-1] at i
 * @param values float64[r], the largest r eigenvalues, largest first
 * @returns float64[r, n]: row j is the vector of value j
 */
export function tridiagonalVectors(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  values: Float64Array,
): Float64Array {
  const n = diagonal.length;
  const norm = infinityNorm(diagonal, offDiagonal);
  const vectors = new Float64Array(values.length * n);
  const random = seededRandom(n, 'inverse iteration');
  const factors = allocate(n);
  let cluster = 0;
  let shift = Number.POSITIVE_INFINITY;
  for (let j = 0; j < values.length; j++) {
    const value = values[j]!;
    if (j > 0 && values[j - 1]! - value > CLUSTER * norm) cluster = j;
    // Equal shifts would find the same vector again: part them by a few rounding errors.
    shift = Math.min(value, shift - 2 * Number.EPSILON * norm);
    factorize(diagonal, offDiagonal, shift, norm, factors);
    iterate(vectors, n, cluster, j, factors, random);
  }
  return vectors;
}

function allocate(n: number): Factors {
  return {
    u0: new Float64Array(n),
    u1: new Float64Array(n),
    u2: new Float64Array(n),
    multipliers: new Float64Array(n),
    swapped: new Uint8Array(n),
  };
}

function infinityNorm(diagonal: Float64Array, offDiagonal: Float64Array): number {
  let norm = 0;
  for (let i = 0; i < diagonal.length; i++) {
    norm = Math.max(norm, Math.abs(diagonal[i]!) + Math.abs(offDiagonal[i]!) + Math.abs(offDiagonal[i + 1] ?? 0));
  }
  return norm === 0 ? 1 : norm;
}

/** Row j of `vectors`: a random start, solved, freed of the rest of its cluster, normalised; twice. */
function iterate(vectors: Float64Array, n: number, cluster: number, j: number, factors: Factors, random: SeededRandom) {
  const x = vectors.subarray(j * n, j * n + n);
  for (let i = 0; i < n; i++) x[i] = random.uniform() - 0.5;
  for (let solve = 0; solve < SOLVES; solve++) {
    backSubstitute(factors, x);
    scaleToUnit(x);
    if (solve + 1 < SOLVES) {
      removeEarlier(vectors, n, cluster, j);
      forwardSubstitute(factors, x);
    }
  }
  removeEarlier(vectors, n, cluster, j);
  scaleToUnit(x);
}

function removeEarlier(vectors: Float64Array, n: number, cluster: number, j: number) {
  const x = vectors.subarray(j * n, j * n + n);
  for (let k = cluster; k < j; k++) {
    const y = vectors.subarray(k * n, k * n + n);
    let dot = 0;
    for (let i = 0; i < n; i++) dot += x[i]! * y[i]!;
    for (let i = 0; i < n; i++) x[i]! -= dot * y[i]!;
  }
}

function scaleToUnit(x: Float64Array) {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    x[i]! /= largest;
    sum += x[i]! * x[i]!;
  }
  const scale = 1 / Math.sqrt(sum);
  for (let i = 0; i < x.length; i++) x[i]! *= scale;
}

/** T − λI = P·L·U by elimination with the larger of two rows as pivot. */
function factorize(d: Float64Array, e: Float64Array, value: number, norm: number, factors: Factors) {
  const { u0, u1, u2, multipliers, swapped } = factors;
  const n = d.length;
  const tiny = Number.EPSILON * norm;
  let diagonal = d[0]! - value;
  let upper = e[1] ?? 0;
  for (let i = 0; i + 1 < n; i++) {
    const below = e[i + 1]!;
    const nextDiagonal = d[i + 1]! - value;
    const nextUpper = e[i + 2] ?? 0;
    if (Math.abs(below) > Math.abs(diagonal)) {
      const multiplier = diagonal / below;
      swapped[i] = 1;
      multipliers[i] = multiplier;
      u0[i] = below;
      u1[i] = nextDiagonal;
      u2[i] = nextUpper;
      diagonal = upper - multiplier * nextDiagonal;
      upper = -multiplier * nextUpper;
    } else {
      const pivot = Math.abs(diagonal) < tiny ? tiny : diagonal;
      const multiplier = below / pivot;
      swapped[i] = 0;
      multipliers[i] = multiplier;
      u0[i] = pivot;
      u1[i] = upper;
      u2[i] = 0;
      diagonal = nextDiagonal - multiplier * upper;
      upper = nextUpper;
    }
  }
  u0[n - 1] = Math.abs(diagonal) < tiny ? tiny : diagonal;
}

function forwardSubstitute({ multipliers, swapped }: Factors, x: Float64Array) {
  for (let i = 0; i + 1 < x.length; i++) {
    if (swapped[i] === 1) {
      const held = x[i]!;
      x[i] = x[i + 1]!;
      x[i + 1] = held - multipliers[i]! * x[i]!;
    } else {
      x[i + 1]! -= multipliers[i]! * x[i]!;
    }
  }
}

function backSubstitute({ u0, u1, u2 }: Factors, x: Float64Array) {
  let first = 0;
  let second = 0;
  for (let i = x.length - 1; i >= 0; i--) {
    const value = (x[i]! - u1[i]! * first - u2[i]! * second) / u0[i]!;
    x[i] = value;
    second = first;
    first = value;
  }
}
