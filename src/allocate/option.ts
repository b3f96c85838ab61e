/** One thing a group may choose. All numbers are finite and ≥ 0, in whatever units the caller likes. */
export interface Option {
  /** costs[k] counts against budget k. */
  readonly costs: readonly number[];
  readonly error: number;
}
