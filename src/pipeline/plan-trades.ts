import type { PlanNode } from '../rewrite/index.ts';
import type { CountedCost, Way } from './plan-costs.ts';

/** Another way to treat a node against the one that was chosen: cost for error, or error for cost. */
export interface Trade {
  readonly node: string;
  /** Amounts that change hands, both more than 0. */
  readonly error: number;
  readonly cost: number;
}

export interface Trades {
  /** The node where cost could be saved for the least error; undefined where the plan lists none. */
  readonly saving: Trade | undefined;
  /** The node where more cost would remove the most error. */
  readonly purchase: Trade | undefined;
}

/** Error for a unit of cost. */
export function rateOf({ error, cost }: Trade): number {
  return error / cost;
}

/** The best trades at these nodes, by what a plan lists of them. */
export function bestTrades(nodes: readonly PlanNode[], counted: CountedCost): Trades {
  const all = nodes.flatMap(({ name, candidates: [chosen, ...others] }) =>
    chosen ? others.map((other) => ({ name, ...difference(chosen, other, counted) })) : [],
  );
  const savings = all.flatMap(({ name, error, cost }) =>
    error > 0 && cost < 0 ? [{ node: name, error, cost: -cost }] : [],
  );
  const purchases = all.flatMap(({ name, error, cost }) =>
    error < 0 && cost > 0 ? [{ node: name, error: -error, cost }] : [],
  );
  return {
    saving: savings.toSorted((a, b) => rateOf(a) - rateOf(b))[0],
    purchase: purchases.toSorted((a, b) => rateOf(b) - rateOf(a))[0],
  };
}

/** Other less chosen; the cost is NaN where one is not known. */
export function difference(chosen: Way, other: Way, counted: CountedCost): { error: number; cost: number } {
  return {
    error: other.error - chosen.error,
    cost: (counted.of(other) ?? Number.NaN) - (counted.of(chosen) ?? Number.NaN),
  };
}
