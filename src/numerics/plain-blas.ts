import type { Blas, GemmOptions, RealArray } from './blas.ts';

/** Columns of both operands packed at a time: two panels of 2 rows stay in the first-level cache. */
const DEPTH = 512;

/**
 * `Blas` in plain JavaScript: cache-blocked loops with a 4 × 2 register tile. It is what tests and small problems use;
 * about 18 times slower than ONNX Runtime's Gemm. float32 operands are widened, sums are float64 in both methods.
 */
export const plainBlas: Blas = {
  async gemm64(options) {
    return multiply(options);
  },
  async gemm32(options) {
    return Float32Array.from(multiply(options));
  },
};

/** op(A)·op(B), synchronously. float64[m, n]. */
export function multiply(options: GemmOptions): Float64Array {
  const { m, n, k, a, b } = options;
  if (a.length !== m * k || b.length !== k * n) {
    throw new RangeError(`gemm: operands hold ${a.length} and ${b.length} numbers, expected ${m}×${k} and ${k}×${n}`);
  }
  const result = new Float64Array(m * n);
  for (let start = 0; start < k; start += DEPTH) {
    const depth = Math.min(DEPTH, k - start);
    const left = pack(a, m, k, start, depth, options.transA === true);
    const right = pack(b, n, k, start, depth, options.transB !== true);
    addDotProducts(result, left, right, m, n, depth);
  }
  return result;
}

/**
 * Columns start … start+depth of a [rows, k] operand as float64[rows, depth]; `transposed` when it is stored [k, rows].
 */
function pack(source: RealArray, rows: number, k: number, start: number, depth: number, transposed: boolean) {
  const packed = new Float64Array(rows * depth);
  if (transposed) {
    for (let p = 0; p < depth; p++) {
      const from = (start + p) * rows;
      for (let i = 0; i < rows; i++) packed[i * depth + p] = source[from + i]!;
    }
  } else {
    for (let i = 0; i < rows; i++) {
      packed.set(source.subarray(i * k + start, i * k + start + depth), i * depth);
    }
  }
  return packed;
}

/** result[i, j] += ⟨left row i, right row j⟩ in tiles of 4 × 2. */
function addDotProducts(
  result: Float64Array,
  left: Float64Array,
  right: Float64Array,
  m: number,
  n: number,
  k: number,
) {
  const mTiled = m - (m % 4);
  const nTiled = n - (n % 2);
  for (let i = 0; i < mTiled; i += 4) {
    for (let j = 0; j < nTiled; j += 2) addTile(result, left, right, i, j, n, k);
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < mTiled ? nTiled : 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += left[i * k + p]! * right[j * k + p]!;
      result[i * n + j]! += sum;
    }
  }
}

function addTile(
  result: Float64Array,
  left: Float64Array,
  right: Float64Array,
  i: number,
  j: number,
  n: number,
  k: number,
) {
  const a0 = i * k;
  const a1 = a0 + k;
  const a2 = a1 + k;
  const a3 = a2 + k;
  const b0 = j * k;
  const b1 = b0 + k;
  let c00 = 0;
  let c01 = 0;
  let c10 = 0;
  let c11 = 0;
  let c20 = 0;
  let c21 = 0;
  let c30 = 0;
  let c31 = 0;
  for (let p = 0; p < k; p++) {
    const y0 = right[b0 + p]!;
    const y1 = right[b1 + p]!;
    const x0 = left[a0 + p]!;
    c00 += x0 * y0;
    c01 += x0 * y1;
    const x1 = left[a1 + p]!;
    c10 += x1 * y0;
    c11 += x1 * y1;
    const x2 = left[a2 + p]!;
    c20 += x2 * y0;
    c21 += x2 * y1;
    const x3 = left[a3 + p]!;
    c30 += x3 * y0;
    c31 += x3 * y1;
  }
  const at = i * n + j;
  result[at]! += c00;
  result[at + 1]! += c01;
  result[at + n]! += c10;
  result[at + n + 1]! += c11;
  result[at + 2 * n]! += c20;
  result[at + 2 * n + 1]! += c21;
  result[at + 3 * n]! += c30;
  result[at + 3 * n + 1]! += c31;
}
