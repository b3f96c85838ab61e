/** Real matrices as typed arrays, row-major. */
export type RealArray = Float32Array | Float64Array;

export interface GemmOptions {
  /** Rows of op(A) and of the result. */
  readonly m: number;
  /** Columns of op(B) and of the result. */
  readonly n: number;
  /** Columns of op(A), rows of op(B). */
  readonly k: number;
  /** [m, k], or [k, m] when `transA`. */
  readonly a: RealArray;
  /** [k, n], or [n, k] when `transB`. */
  readonly b: RealArray;
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/**
 * Large matrix products. The runtime implements it with ONNX Runtime's Gemm (some 18 times faster than a loop in
 * JavaScript); `plainBlas` needs nothing. float32 operands are widened before multiplying where the result is float64,
 * so a Gram of float32 weights loses nothing.
 *
 * `into`, an array of m·n numbers that is no operand, may take the result and be returned: fits that make the same products
 * again and again would otherwise leave a gigabyte to the collector, which then takes a tenth of their time.
 */
export interface Blas {
  /** op(A)·op(B) accumulated in float64. float64[m, n]. */
  gemm64(options: GemmOptions, into?: Float64Array): Promise<Float64Array>;
  /** op(A)·op(B) accumulated in float32, for products that decide nothing. float32[m, n]. */
  gemm32(options: GemmOptions, into?: Float32Array): Promise<Float32Array>;
}
