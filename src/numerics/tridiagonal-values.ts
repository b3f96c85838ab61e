/** QL steps allowed for one eigenvalue; 30 is customary, two or three are usual. */
const MAX_STEPS = 60;

/** What is below ε times this part of the largest entry is noise: the reduction of a full matrix rounds more. */
const NOISE = 2 ** -4;

/**
 * All eigenvalues of a symmetric tridiagonal matrix, largest first: implicit QL with Wilkinson's shift (Dubrulle, Martin
 * & Wilkinson, The Implicit QL Algorithm, 1968).
 * @param diagonal float64[n]
 * @param offDiagonal float64[n], T[i, i-1] at i
 * @param vectors float64[n, n], optional: row j ends as the eigenvector of value j (start it as the identity, or as Qᵀ)
 */
export function tridiagonalValues(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  vectors?: Float64Array,
): Float64Array {
  const n = diagonal.length;
  const d = diagonal.slice();
  const e = new Float64Array(n);
  e.set(offDiagonal.subarray(1));
  // Entries that are rounding error of the whole matrix, as in the null space of a Gram matrix, never settle otherwise.
  const floor = largestEntry(d, e) * NOISE;
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      const m = firstNegligible(d, e, l, floor);
      if (m === l) break;
      if (step === MAX_STEPS) throw new RangeError('symmetricEigen: QL did not converge; are all numbers finite?');
      implicitStep(d, e, l, m, vectors);
    }
  }
  if (vectors) sortRows(d, vectors);
  return d.sort().reverse();
}

/** The first m ≥ l whose off-diagonal entry e[m] is rounding error of its neighbours, or of `floor`. */
function firstNegligible(d: Float64Array, e: Float64Array, l: number, floor: number): number {
  let m = l;
  while (m < d.length - 1) {
    const size = Math.abs(d[m]!) + Math.abs(d[m + 1]!);
    if (Math.abs(e[m]!) <= Number.EPSILON * Math.max(size, floor)) break;
    m++;
  }
  return m;
}

/** One implicit QL step on rows l … m. */
function implicitStep(d: Float64Array, e: Float64Array, l: number, m: number, vectors?: Float64Array) {
  let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  let r = Math.sqrt(g * g + 1);
  g = d[m]! - d[l]! + e[l]! / (g >= 0 ? g + r : g - r);
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    r = (d[i]! - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    if (vectors) rotateRows(vectors, i, d.length, c, s);
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
}

function largestEntry(d: Float64Array, e: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < d.length; i++) largest = Math.max(largest, Math.abs(d[i]!), Math.abs(e[i]!));
  return largest;
}

function rotateRows(vectors: Float64Array, i: number, n: number, c: number, s: number) {
  const upper = i * n;
  const lower = upper + n;
  for (let k = 0; k < n; k++) {
    const f = vectors[lower + k]!;
    const h = vectors[upper + k]!;
    vectors[lower + k] = s * h + c * f;
    vectors[upper + k] = c * h - s * f;
  }
}

function sortRows(values: Float64Array, vectors: Float64Array) {
  const n = values.length;
  const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]!);
  const copy = vectors.slice();
  order.forEach((from, to) => {
    vectors.set(copy.subarray(from * n, from * n + n), to * n);
  });
}
