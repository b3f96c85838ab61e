import type { Blas } from './blas.ts';
import { elementCount, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import { singularValues } from './thin-svd.ts';

/** Singular values of a matrix, with its two sizes. */
export interface Spectrum {
  /** Descending; as many as the smaller size. */
  readonly singularValues: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Singular values of a kernel unfolded with `rows` as rows and its other indices as columns, one spectrum per
 * group.
 *
 * @param indices names of the kernel's axes; the first one, the groups, belongs to neither side
 */
export async function kernelSpectra(
  kernel: RealNdArray,
  indices: readonly string[],
  rows: readonly string[],
  blas: Blas,
): Promise<readonly Spectrum[]> {
  const axesOf = (names: readonly string[]): number[] => names.map((name) => indices.indexOf(name));
  const rowAxes = axesOf(rows);
  const columnAxes = axesOf(indices.slice(1).filter((name) => !rows.includes(name)));
  if (rowAxes.some((axis) => axis < 1)) throw new RangeError(`[${rows}] are not all among [${indices.slice(1)}]`);
  const size = (axes: readonly number[]): number => elementCount(axes.map((axis) => kernel.dims[axis]!));
  const [rowCount, columnCount] = [size(rowAxes), size(columnAxes)];
  const [short, long] = rowCount <= columnCount ? [rowAxes, columnAxes] : [columnAxes, rowAxes];
  const { data } = permuteAxes(kernel, [0, ...short, ...long]);
  const spectra: Spectrum[] = [];
  for (let start = 0; start < data.length; start += rowCount * columnCount) {
    const matrix = data.subarray(start, start + rowCount * columnCount);
    spectra.push({
      singularValues: await singularValues({ data: matrix, dims: [size(short), size(long)] }, blas),
      rows: rowCount,
      columns: columnCount,
    });
  }
  return spectra;
}

/**
 * Relative error ‖M̂−M‖_F/‖M‖_F of the best approximation of every rank 0 … n (Eckart & Young 1936), from descending
 * singular values. float64[n + 1]; all zero for a zero matrix.
 */
export function truncationErrors(singularValues: Float64Array): Float64Array {
  const tails = new Float64Array(singularValues.length + 1);
  for (let r = singularValues.length - 1; r >= 0; r--) tails[r] = tails[r + 1]! + singularValues[r]! ** 2;
  const total = tails[0]!;
  return tails.map((tail) => (total > 0 ? Math.sqrt(tail / total) : 0));
}
