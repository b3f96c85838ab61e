import type { CandidateSpace, Cost, Decomposition, LinearOperator, Ranks } from '../pass/index.ts';
import { chainCost, gains, operatorCost, type RequireGain } from './cost.ts';
import { type LoweredStep, lowerChain } from './lowering.ts';
import type { StageMatch } from './match-methods.ts';

/** What a method makes of an operator, and what that costs: all that can be said before anything is fitted. */
export interface PricedMethod
  extends Pick<CandidateSpace, 'pass' | 'operator' | 'decomposition' | 'originalCost' | 'cost' | 'gains' | 'clamp'>,
    Pick<StageMatch, 'options'> {
  /** The operators that take the node's place. */
  steps(ranks: Ranks): readonly LoweredStep[];
}

export function pricedMethod(
  operator: LinearOperator,
  { pass, options, decomposition }: StageMatch,
  requireGain: RequireGain,
): PricedMethod {
  const originalCost = operatorCost(operator);
  // Costs, gains and steps are asked for one after the other.
  const known = new WeakMap<Ranks, readonly LoweredStep[]>();
  const steps = (ranks: Ranks) => {
    const found = known.get(ranks) ?? lowerChain(pass, operator, decomposition, ranks);
    known.set(ranks, found);
    return found;
  };
  const cost = (ranks: Ranks) => chainCost(operator, steps(ranks));
  return {
    ...{ pass, options, operator, decomposition, originalCost, steps, cost },
    gains: (ranks) => gains(originalCost, cost(ranks), requireGain),
    clamp: (ranks) => decomposition.clamp?.(ranks) ?? ranks,
  };
}

/** Every rank at least 1 and at most what its axis allows; integers. */
export function isAdmissible({ axes }: Decomposition, ranks: Ranks): boolean {
  return (
    Object.keys(ranks).length === axes.length &&
    axes.every(({ name, max }) => {
      const rank = ranks[name];
      return rank !== undefined && Number.isInteger(rank) && rank >= 1 && rank <= max;
    })
  );
}

/** Also a policy that asks for no gain wants either parameters or MACs to fall: the node itself has no error at all. */
export function isWorthIt({ originalCost, gains, cost }: PricedMethod, ranks: Ranks): boolean {
  return gains(ranks) && isCheaper(cost(ranks), originalCost);
}

export function isCheaper(after: Cost, before: Cost): boolean {
  return after.params < before.params || after.macs < before.macs;
}
