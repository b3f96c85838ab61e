/** An option that may be part of an allocation, as the search sees it. */
export interface Choice {
  /** Position of the option in its group as it was given. */
  readonly at: number;
  /** In the same order as the limits. */
  readonly costs: readonly number[];
  readonly error: number;
  /** What it takes of the one limit that the relaxation knows: the cost itself, or a weighted sum of the costs. */
  readonly weight: number;
}
