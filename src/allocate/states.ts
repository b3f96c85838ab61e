/** Choices of some groups, as the Pareto front of their sums; sorted by weight. All arrays have the same length. */
export interface States {
  readonly weight: Float64Array;
  readonly error: Float64Array;
  /** Sums of the costs, budget by budget; none where the weight is the only cost. */
  readonly costs: readonly Float64Array[];
  /** How each came about: the group added last, the choice in it, and the state before. */
  readonly group: number;
  readonly choice: Int32Array;
  readonly parent: Int32Array;
  readonly before: States | undefined;
}

/** No group chosen yet. */
export function emptyStates(budgets: number): States {
  return {
    weight: Float64Array.of(0),
    error: Float64Array.of(0),
    costs: Array.from({ length: budgets }, () => Float64Array.of(0)),
    group: -1,
    choice: Int32Array.of(-1),
    parent: Int32Array.of(-1),
    before: undefined,
  };
}

/** Writes into `chosen` the choices that led to a state. */
export function chooseState(states: States, at: number, chosen: Int32Array): void {
  let state = at;
  for (let layer: States | undefined = states; layer?.before; layer = layer.before) {
    chosen[layer.group] = layer.choice[state]!;
    state = layer.parent[state]!;
  }
}
