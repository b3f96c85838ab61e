/**
 * What is known of one operator's inputs and wanted outputs: first and second moments over n rows, for each group.
 * x is a patch of P = S·K inputs (s slowest, zeros for padding), y the T outputs that are wanted there, bias included.
 */
export interface Moments {
  /** n. */
  readonly rows: number;
  readonly groups: readonly GroupMoments[];
  /** Rows that are in none of the moments, to judge a fit by. */
  readonly heldBack: HeldBackRows | undefined;
}

export interface GroupMoments {
  /** E[x], float64[P]. */
  readonly meanX: Float64Array;
  /** E[y], float64[T]. */
  readonly meanY: Float64Array;
  /** G = E[x xᵀ] − E[x]E[x]ᵀ, float32[P, P], symmetric. */
  readonly gram: Float32Array;
  /** C = E[y xᵀ] − E[y]E[x]ᵀ, float64[T, P]. */
  readonly cross: Float64Array;
  /** E[y²] − E[y]², float64[T]. */
  readonly varianceY: Float64Array;
  /** H = E[g gᵀ] of gradients of the model's outputs with respect to y, float64[T, T]; undefined where they are not known. */
  readonly gradients?: Float64Array | undefined;
}

export interface HeldBackRows {
  readonly rows: number;
  /** Per group float32[rows, P] and float32[rows, T]. */
  readonly x: readonly Float32Array[];
  readonly y: readonly Float32Array[];
}
