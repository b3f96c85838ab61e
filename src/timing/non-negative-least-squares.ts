const mostSweeps = 20_000;
const tolerance = 1e-10;

/**
 * argmin over x ≥ 0 of ‖A·x − b‖², by cyclic coordinate descent on the normal equations (Franc, Hlaváč and Navara,
 * Sequential Coordinate-Wise Algorithm, CAIP 2005). Columns are scaled to length 1; a column of zeros gets 0.
 *
 * @param rows A, one array per row, all as long as x
 * @param wanted b, one entry per row
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[])[],
  wanted: readonly number[],
): readonly number[] {
  const size = rows[0]?.length ?? 0;
  const lengths = Array.from({ length: size }, (_, j) => Math.hypot(...rows.map((row) => row[j] ?? 0)));
  const scaled = rows.map((row) => row.map((value, j) => value / (lengths[j] || 1)));
  const gram = lengths.map((_, i) => lengths.map((_, j) => sum(scaled, (row) => (row[i] ?? 0) * (row[j] ?? 0))));
  const gradient = lengths.map((_, j) => -sum(scaled, (row, r) => (row[j] ?? 0) * (wanted[r] ?? 0)));
  const scale = Math.max(...gradient.map(Math.abs), Number.MIN_VALUE);
  const x = lengths.map(() => 0);
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    let moved = 0;
    for (let j = 0; j < size; j++) {
      if (lengths[j] === 0) continue;
      const column = gram[j] ?? [];
      const before = x[j] ?? 0;
      const after = Math.max(0, before - (gradient[j] ?? 0));
      if (after === before) continue;
      x[j] = after;
      moved = Math.max(moved, Math.abs(after - before));
      for (let i = 0; i < size; i++) gradient[i] = (gradient[i] ?? 0) + (after - before) * (column[i] ?? 0);
    }
    if (moved <= tolerance * scale) break;
  }
  return x.map((value, j) => value / (lengths[j] || 1));
}

function sum<T>(values: readonly T[], term: (value: T, index: number) => number): number {
  return values.reduce((total, value, index) => total + term(value, index), 0);
}
