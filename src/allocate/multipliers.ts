import type { Choice } from './choice.ts';
import type { Instance } from './instance.ts';

/** Enough for the bound to settle; any multipliers give a bound, better ones a better one. */
const mostRounds = 200;

/** A choice in every group, summed; costs relative to their limits and less 1, so that > 0 exceeds. */
interface Column {
  readonly error: number;
  readonly excess: readonly number[];
}

/**
 * Multipliers λ ≥ 0 that raise the bound Σ_g min(error + Σ_k λ_k·cost_k/limit_k) − Σ λ_k to about its highest: the duals
 * of the linear relaxation with all limits. Column generation (Dantzig & Wolfe, Oper. Res. 8 (1960)): a linear program in
 * shares of a few whole allocations, one row for each limit and one for Σ shares = 1; its duals price the groups apart
 * from one another, and the allocation that comes out is the next column.
 *
 * @returns float64[limits], in error for a unit of cost
 */
export function multipliersOf({ groups, limits }: Instance): readonly number[] {
  const budgets = limits.length;
  // Column 0 stands for what meets all limits at an error beyond any: it leaves when something better is known.
  const worst = 1 + groups.reduce((sum, choices) => sum + Math.max(...choices.map(({ error }) => error)), 0);
  let basis: (Column | number)[] = [...limits.keys(), { error: worst, excess: limits.map(() => 0) }];
  // Rows: limits, then Σ = 1. The inverse of the basis starts as the identity, as slacks and column 0 are unit vectors.
  let inverse = basis.map((_, i) => unit(i, budgets + 1));
  let amounts = unit(budgets, budgets + 1);
  let best = { bound: Number.NEGATIVE_INFINITY, lambda: limits.map(() => 1) };
  for (let round = 0; round < mostRounds; round++) {
    const prices = inverse[0]!.map((_, j) =>
      basis.reduce<number>(
        (sum, member, i) => sum + (typeof member === 'number' ? 0 : member.error) * inverse[i]![j]!,
        0,
      ),
    );
    const lambda = limits.map((_, k) => Math.max(0, -prices[k]!));
    const { column, bound } = price(groups, limits, lambda);
    if (bound > best.bound) best = { bound, lambda };
    const slack = limits.findIndex((_, k) => prices[k]! > 1e-12 * worst);
    const level = prices[budgets]!;
    if (slack < 0 && bound >= level - 1e-12 * Math.abs(level)) break;
    const entering = slack < 0 ? column : slack;
    const vector = typeof entering === 'number' ? unit(entering, budgets + 1) : [...entering.excess, 1];
    const next = pivot(inverse, amounts, vector);
    if (!next) break;
    ({ inverse, amounts } = next);
    basis = basis.map((member, i) => (i === next.row ? entering : member));
  }
  // All 0 would weigh nothing; then the limits do not matter to the bound, and any weights are as good.
  const multipliers = best.lambda.some((value) => value > 0) ? best.lambda : limits.map(() => 1);
  return multipliers.map((value, k) => value / limits[k]!);
}

function price(
  groups: readonly (readonly Choice[])[],
  limits: readonly number[],
  lambda: readonly number[],
): { column: Column; bound: number } {
  const multipliers = lambda.map((value, k) => value / limits[k]!);
  const sums = limits.map(() => 0);
  let error = 0;
  for (const choices of groups) {
    const best = cheapest(choices, multipliers);
    error += best.error;
    for (const [k, cost] of best.costs.entries()) sums[k]! += cost;
  }
  const excess = sums.map((sum, k) => sum / limits[k]! - 1);
  return { column: { error, excess }, bound: excess.reduce((sum, value, k) => sum + lambda[k]! * value, error) };
}

function cheapest(choices: readonly Choice[], multipliers: readonly number[]): Choice {
  let [best, least] = [choices[0]!, Number.POSITIVE_INFINITY];
  for (const choice of choices) {
    let value = choice.error;
    for (let k = 0; k < multipliers.length; k++) value += multipliers[k]! * choice.costs[k]!;
    if (value < least) [best, least] = [choice, value];
  }
  return best;
}

function unit(at: number, length: number): readonly number[] {
  return Array.from({ length }, (_, i) => (i === at ? 1 : 0));
}

/** One step of the revised simplex method. @returns undefined when nothing limits it, which rounding alone can cause */
function pivot(
  inverse: readonly (readonly number[])[],
  amounts: readonly number[],
  vector: readonly number[],
): { inverse: number[][]; amounts: number[]; row: number } | undefined {
  const direction = inverse.map((row) => row.reduce((sum, value, j) => sum + value * vector[j]!, 0));
  let row = -1;
  for (const [i, value] of direction.entries())
    if (value > 1e-11 && (row < 0 || amounts[i]! / value < amounts[row]! / direction[row]!)) row = i;
  if (row < 0) return undefined;
  const scale = direction[row]!;
  const step = amounts[row]! / scale;
  return {
    row,
    inverse: inverse.map((values, i) =>
      values.map((value, j) => (i === row ? value / scale : value - (direction[i]! * inverse[row]![j]!) / scale)),
    ),
    amounts: amounts.map((amount, i) => (i === row ? step : Math.max(0, amount - direction[i]! * step))),
  };
}
