/** L⁻¹ of a lower triangular matrix, row by row: row i is (eᵢ − Σ_{j<i} L[i,j]·row j) / L[i,i]. */
export function invertLower(lower: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    inverse[row + i] = 1;
    for (let j = 0; j < i; j++) {
      const factor = lower[row + j]!;
      for (let c = 0; c <= j; c++) inverse[row + c]! -= factor * inverse[j * n + c]!;
    }
    const scale = 1 / lower[row + i]!;
    for (let c = 0; c <= i; c++) inverse[row + c]! *= scale;
  }
  return inverse;
}
