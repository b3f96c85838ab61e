/**
 * L⁻¹ of a lower triangular matrix, row by row: row i is (eᵢ − Σ_{j<i} L[i,j]·row j) / L[i,i]. Four rows j in one
 * pass over the row, one after the other: rounded as if they came singly.
 */
export function invertLower(lower: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    inverse[row + i] = 1;
    let j = 0;
    for (; j + 3 < i; j += 4) subtractFourRows(inverse, n, row, j, lower);
    for (; j < i; j++) {
      const factor = lower[row + j]!;
      for (let c = 0; c <= j; c++) inverse[row + c]! -= factor * inverse[j * n + c]!;
    }
    const scale = 1 / lower[row + i]!;
    for (let c = 0; c <= i; c++) inverse[row + c]! *= scale;
  }
  return inverse;
}

/** The rows j … j+3 of the inverse, which are zero beyond their diagonals, taken from the one that begins at `row`. */
function subtractFourRows(inverse: Float64Array, n: number, row: number, j: number, lower: Float64Array) {
  const f0 = lower[row + j]!;
  const f1 = lower[row + j + 1]!;
  const f2 = lower[row + j + 2]!;
  const f3 = lower[row + j + 3]!;
  const r0 = j * n;
  const r1 = r0 + n;
  const r2 = r1 + n;
  const r3 = r2 + n;
  for (let c = 0; c <= j + 3; c++) {
    let value = inverse[row + c]! - f0 * inverse[r0 + c]!;
    value -= f1 * inverse[r1 + c]!;
    value -= f2 * inverse[r2 + c]!;
    inverse[row + c] = value - f3 * inverse[r3 + c]!;
  }
}
