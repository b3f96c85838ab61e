import type { Blas } from './blas.ts';
import { reflect } from './reflect.ts';
import type { Tridiagonal } from './tridiagonalize.ts';

/** Reflectors whose updates are collected before they are applied as one product. */
const PANEL = 48;
/** Rows of the trailing matrix updated by one product: strips of its lower triangle. */
const STRIP = 512;

/**
 * Householder's reduction of the rows `stop` … n-1, last row first, a panel at a time (Dongarra, Hammarling & Sorensen,
 * Block Reduction of Matrices to Condensed Forms, 1989; LAPACK's dlatrd). Half of the work, the updates
 * A −= VᵀW + WᵀV, is products; the other half reads the lower triangle once per reflector and is bound by memory.
 */
export async function reduceByPanels(reduced: Tridiagonal, stop: number, blas: Blas): Promise<void> {
  const { n, diagonal, offDiagonal, reflectors: matrix } = reduced;
  for (let end = n; end > stop; end -= PANEL) {
    const start = Math.max(stop, end - PANEL);
    const v = new Float64Array((end - start) * end);
    const w = new Float64Array((end - start) * end);
    for (let i = end - 1; i >= start; i--) {
      const row = matrix.subarray(i * n, i * n + i + 1);
      const panel = { v, w, width: end, count: end - 1 - i };
      updateRow(row, panel);
      diagonal[i] = row[i]!;
      const reflector = v.subarray(panel.count * end, panel.count * end + i);
      offDiagonal[i] = reflect(row, i, reflector);
      row.set(reflector);
      const product = w.subarray(panel.count * end, panel.count * end + i);
      multiplyLower(matrix, n, reflector, product);
      completeUpdate(product, reflector, panel);
    }
    await updateTrailing(matrix, n, start, { v, w, width: end, count: end - start }, blas);
  }
}

/** Pairs of vectors whose update A −= Σ v_k·w_kᵀ + w_k·v_kᵀ is still to be made. */
interface Panel {
  /** float64[count or more, width]: row k is v_k. */
  readonly v: Float64Array;
  readonly w: Float64Array;
  readonly width: number;
  readonly count: number;
}

/** The pending updates of the last row of the part that is left: row i, entries 0 … i. */
function updateRow(row: Float64Array, { v, w, width, count }: Panel) {
  const i = row.length - 1;
  for (let k = 0; k < count; k++) addTwo(row, row.length, -v[k * width + i]!, w, -w[k * width + i]!, v, k * width);
}

/** target += a·x + b·y, where x and y are rows of the panel that begin at `at`. */
function addTwo(
  target: Float64Array,
  length: number,
  a: number,
  x: Float64Array,
  b: number,
  y: Float64Array,
  at: number,
) {
  for (let c = 0; c < length; c++) target[c]! += a * x[at + c]! + b * y[at + c]!;
}

/** From p = A·v, A without the pending updates, to w = p' − ½(p'ᵀv)·v with p' = A·v after them; in place of p. */
function completeUpdate(product: Float64Array, reflector: Float64Array, { v, w, width, count }: Panel) {
  const length = product.length;
  for (let k = 0; k < count; k++) {
    let alongV = 0;
    let alongW = 0;
    for (let c = 0; c < length; c++) {
      const x = reflector[c]!;
      alongV += v[k * width + c]! * x;
      alongW += w[k * width + c]! * x;
    }
    addTwo(product, length, -alongW, v, -alongV, w, k * width);
  }
  let half = 0;
  for (let c = 0; c < length; c++) half += product[c]! * reflector[c]!;
  half /= 2;
  for (let c = 0; c < length; c++) product[c]! -= half * reflector[c]!;
}

/** p = A·x on the leading part of the length of x, reading the lower triangle once, four rows at a time. */
function multiplyLower(matrix: Float64Array, n: number, x: Float64Array, p: Float64Array) {
  const length = x.length;
  let r = 0;
  for (; r + 3 < length; r += 4) multiplyFourRows(matrix, n, r, x, p);
  for (; r < length; r++) {
    let sum = 0;
    const xr = x[r]!;
    for (let c = 0; c < r; c++) {
      const a = matrix[r * n + c]!;
      sum += a * x[c]!;
      p[c]! += a * xr;
    }
    p[r]! += sum + matrix[r * n + r]! * xr;
  }
}

function multiplyFourRows(matrix: Float64Array, n: number, r: number, x: Float64Array, p: Float64Array) {
  const row0 = r * n;
  const row1 = row0 + n;
  const row2 = row1 + n;
  const row3 = row2 + n;
  const x0 = x[r]!;
  const x1 = x[r + 1]!;
  const x2 = x[r + 2]!;
  const x3 = x[r + 3]!;
  let p0 = 0;
  let p1 = 0;
  let p2 = 0;
  let p3 = 0;
  for (let c = 0; c < r; c++) {
    const xc = x[c]!;
    const a0 = matrix[row0 + c]!;
    const a1 = matrix[row1 + c]!;
    const a2 = matrix[row2 + c]!;
    const a3 = matrix[row3 + c]!;
    p0 += a0 * xc;
    p1 += a1 * xc;
    p2 += a2 * xc;
    p3 += a3 * xc;
    p[c]! += a0 * x0 + a1 * x1 + (a2 * x2 + a3 * x3);
  }
  const a10 = matrix[row1 + r]!;
  const a20 = matrix[row2 + r]!;
  const a21 = matrix[row2 + r + 1]!;
  const a30 = matrix[row3 + r]!;
  const a31 = matrix[row3 + r + 1]!;
  const a32 = matrix[row3 + r + 2]!;
  p[r]! += p0 + matrix[row0 + r]! * x0 + a10 * x1 + a20 * x2 + a30 * x3;
  p[r + 1]! += p1 + a10 * x0 + matrix[row1 + r + 1]! * x1 + a21 * x2 + a31 * x3;
  p[r + 2]! += p2 + a20 * x0 + a21 * x1 + matrix[row2 + r + 2]! * x2 + a32 * x3;
  p[r + 3]! += p3 + a30 * x0 + a31 * x1 + a32 * x2 + matrix[row3 + r + 3]! * x3;
}

/** A −= VᵀW + WᵀV on the lower triangle of the leading size × size part. */
async function updateTrailing(matrix: Float64Array, n: number, size: number, panel: Panel, blas: Blas) {
  const { v, w, width, count } = panel;
  const vw = new Float64Array(2 * count * size);
  const wv = new Float64Array(2 * count * size);
  for (let k = 0; k < count; k++) {
    const vk = v.subarray(k * width, k * width + size);
    const wk = w.subarray(k * width, k * width + size);
    vw.set(vk, k * size);
    vw.set(wk, (count + k) * size);
    wv.set(wk, k * size);
    wv.set(vk, (count + k) * size);
  }
  for (let top = 0; top < size; top += STRIP) {
    const rows = Math.min(STRIP, size - top);
    const columns = top + rows;
    const a = columnsOf(vw, 2 * count, size, top, rows);
    const b = columnsOf(wv, 2 * count, size, 0, columns);
    const update = await blas.gemm64({ m: rows, n: columns, k: 2 * count, a, b, transA: true });
    for (let i = 0; i < rows; i++) {
      const to = (top + i) * n;
      for (let c = 0; c <= top + i; c++) matrix[to + c]! -= update[i * columns + c]!;
    }
  }
}

/** Columns first … first+count of float64[rows, width]. */
function columnsOf(data: Float64Array, rows: number, width: number, first: number, count: number): Float64Array {
  if (count === width) return data;
  const result = new Float64Array(rows * count);
  for (let r = 0; r < rows; r++) {
    result.set(data.subarray(r * width + first, r * width + first + count), r * count);
  }
  return result;
}
