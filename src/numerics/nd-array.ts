/** A dense row-major array of float64. `dims` may be empty (a scalar). */
export interface NdArray {
  readonly data: Float64Array;
  readonly dims: readonly number[];
}
