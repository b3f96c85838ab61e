const MAX_SWEEPS = 40;

/**
 * Makes the rows of B orthogonal by plane rotations from the left, B ← J·B, and applies the same rotations to the rows
 * of `companion`: the one-sided Jacobi method (Hestenes 1958). The norms of the rows become the singular values of B, each
 * accurate relative to itself when the rows are well scaled (Demmel & Veselić, Jacobi's Method is More Accurate than QR,
 * 1992).
 * @param rows float64[l, m], changed in place
 * @param companion float64[l, w], changed in place
 */
export function jacobiRows(rows: Float64Array, companion: Float64Array, l: number): void {
  const m = rows.length / l;
  const w = companion.length / l;
  const squares = new Float64Array(l);
  // Rounding of the dot products: two rows whose angle has a smaller cosine are orthogonal.
  const cosine = Number.EPSILON * Math.max(4, Math.sqrt(m));
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let rotated = false;
    // Fresh norms once a sweep: those updated by the rotations drift.
    for (let i = 0; i < l; i++) squares[i] = dot(rows, i * m, i * m, m);
    // A row that is nothing but rounding error of the largest has no direction worth a rotation.
    const negligible = squares.reduce((most, square) => Math.max(most, square), 0) * Number.EPSILON ** 2;
    const all: Sweep = { rows, companion, m, w, squares, cosine, negligible };
    for (let i = 0; i < l - 1; i++) {
      for (let j = i + 1; j < l; j++) rotated = rotatePair(all, i, j) || rotated;
    }
    if (!rotated) return;
  }
  throw new RangeError('jacobiRows: no convergence; are all numbers finite?');
}

interface Sweep {
  readonly rows: Float64Array;
  readonly companion: Float64Array;
  readonly m: number;
  readonly w: number;
  /** Squared norms of the rows, kept up to date. */
  readonly squares: Float64Array;
  readonly cosine: number;
  readonly negligible: number;
}

/** Makes rows i and j orthogonal. @returns whether they were not */
function rotatePair(
  { rows, companion, m, w, squares, cosine: bound, negligible }: Sweep,
  i: number,
  j: number,
): boolean {
  const a = squares[i]!;
  const b = squares[j]!;
  if (a <= negligible || b <= negligible) return false;
  const c = dot(rows, i * m, j * m, m);
  if (Math.abs(c) <= bound * Math.sqrt(a * b)) return false;
  const zeta = (b - a) / (2 * c);
  const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = cosine * tangent;
  rotate(rows, i * m, j * m, m, cosine, sine);
  rotate(companion, i * w, j * w, w, cosine, sine);
  squares[i] = a - tangent * c;
  squares[j] = b + tangent * c;
  return true;
}

function dot(data: Float64Array, a: number, b: number, length: number): number {
  let even = 0;
  let odd = 0;
  let k = 0;
  for (; k + 1 < length; k += 2) {
    even += data[a + k]! * data[b + k]!;
    odd += data[a + k + 1]! * data[b + k + 1]!;
  }
  if (k < length) even += data[a + k]! * data[b + k]!;
  return even + odd;
}

function rotate(data: Float64Array, a: number, b: number, length: number, cosine: number, sine: number) {
  for (let k = 0; k < length; k++) {
    const x = data[a + k]!;
    const y = data[b + k]!;
    data[a + k] = cosine * x - sine * y;
    data[b + k] = sine * x + cosine * y;
  }
}
