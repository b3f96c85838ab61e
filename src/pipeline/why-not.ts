import { errorSize } from '../report/index.ts';
import type { CountedCost, Way } from './plan-costs.ts';
import { difference, rateOf, type Trade, type Trades } from './plan-trades.ts';

/**
 * Why a goal did not choose a way, by the numbers of its plan: what it would change, and what the same cost is worth at
 * the other nodes.
 *
 * @param counted the costs that have a budget
 * @param elsewhere trades at the other nodes, in the first of these costs
 */
export function whyNot(chosen: Way, other: Way, counted: readonly CountedCost[], elsewhere: Trades): string {
  const [first, ...rest] = counted;
  if (!first || rest.length > 0) return severalCosts(chosen, other, counted);
  const { error, cost } = difference(chosen, other, first);
  if (!Number.isFinite(cost)) return `${errorText(error)}; its cost is not known`;
  if (error === 0 && cost === 0) return 'the same cost and the same error: the first of equals was taken';
  if (error >= 0 && cost >= 0) return noGain(error, cost, first);
  if (error <= 0 && cost <= 0) return `${gains(error, cost, first)}: by these numbers the better one`;
  const trade = { node: '', error: Math.abs(error), cost: Math.abs(cost) };
  return error < 0 ? tooDear(trade, first, elsewhere.saving) : tooLittle(trade, first, elsewhere.purchase);
}

function noGain(error: number, cost: number, counted: CountedCost): string {
  if (cost === 0) return `${errorText(error)} for the same cost`;
  return error === 0 ? `${counted.change(cost)} for the same error` : gains(error, cost, counted);
}

function gains(error: number, cost: number, counted: CountedCost): string {
  return [...(error === 0 ? [] : [errorText(error)]), ...(cost === 0 ? [] : [counted.change(cost)])].join(' and ');
}

/** Less error for more cost: another node would have to give the cost up. */
function tooDear(trade: Trade, counted: CountedCost, saving: Trade | undefined): string {
  const start = `${errorText(-trade.error)} for ${counted.change(trade.cost)}, ${rateText(trade, counted)}`;
  if (!saving) return `${start}; the plan lists no other node that could give that up`;
  const payer = `${saving.node} at ${rateText(saving, counted)}`;
  if (rateOf(saving) >= rateOf(trade)) return `${start}; the cheapest way to pay for it would lose more: ${payer}`;
  const step = `${errorText(saving.error)} for ${counted.change(-saving.cost)}`;
  return saving.cost < trade.cost
    ? `${start}; ${saving.node} would pay at a lower rate, but has too little to give in its next step: ${step}`
    : `${start}; ${saving.node} would pay at a lower rate, but only in a larger step: ${step}`;
}

/** Less cost for more error: the cost would have to remove more error at another node. */
function tooLittle(trade: Trade, counted: CountedCost, purchase: Trade | undefined): string {
  const start = `${counted.change(-trade.cost)} for ${errorText(trade.error)}, ${rateText(trade, counted)}`;
  if (!purchase) return `${start}; the plan lists no other node that what it saves would help`;
  const user = `${purchase.node} at ${rateText(purchase, counted)}`;
  if (rateOf(purchase) <= rateOf(trade))
    return `${start}; the best use of what it saves would win back less error: ${user}`;
  const step = `${errorText(-purchase.error)} for ${counted.change(purchase.cost)}`;
  return purchase.cost > trade.cost
    ? `${start}; ${purchase.node} would make more of it, but its next step needs more than this saves: ${step}`
    : `${start}; ${purchase.node} would make more of it, but only in a smaller step: ${step}`;
}

function severalCosts(chosen: Way, other: Way, counted: readonly CountedCost[]): string {
  const changes = counted.map((one) => ({ one, ...difference(chosen, other, one) }));
  const told = changes.flatMap(({ one, cost }) => (Number.isFinite(cost) && cost !== 0 ? [one.change(cost)] : []));
  const error = other.error - chosen.error;
  const text = [errorText(error), ...told].join(', ');
  if (error >= 0 && changes.every(({ cost }) => cost >= 0)) return `${text}: better in nothing`;
  return `${text}; weighed by all targets together it comes behind`;
}

function errorText(error: number): string {
  return error === 0 ? 'the same error' : `${errorSize(Math.abs(error))} ${error > 0 ? 'more' : 'less'} error`;
}

function rateText(trade: Trade, { unit }: CountedCost): string {
  return `${errorSize(rateOf(trade) * unit.amount)} ${unit.text}`;
}
