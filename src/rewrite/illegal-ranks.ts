import { type LinearOperator, type Ranks, type Skip, skip } from '../pass/index.ts';
import { chainCost, gains, operatorCost, type RequireGain } from './cost.ts';
import { lowerChain } from './lowering.ts';
import type { MethodMatch } from './match-methods.ts';
import { isAdmissible } from './priced-method.ts';

/** Why ranks do not exist for a method on an operator; undefined where they do. */
export function absentRanks(
  { node }: LinearOperator,
  { decomposition }: Pick<MethodMatch, 'decomposition'>,
  ranks: Ranks,
): Skip | undefined {
  const clamped = decomposition.clamp?.(ranks) ?? ranks;
  const named = decomposition.axes.map(({ name, max }) => `${name} ≤ ${clamped[name] ?? max}`).join(', ');
  return !isAdmissible(decomposition, ranks) || decomposition.axes.some(({ name }) => clamped[name] !== ranks[name])
    ? skip(node, 'not-legal', `ranks ${JSON.stringify(ranks)} do not exist here: ${named}`)
    : undefined;
}

/** Why a plan's ranks cannot stand here, whoever chose them; undefined where they can. */
export function illegalRanks(
  operator: LinearOperator,
  { pass, decomposition }: MethodMatch,
  ranks: Ranks,
  requireGain: RequireGain,
): Skip | undefined {
  const absent = absentRanks(operator, { decomposition }, ranks);
  if (absent) return absent;
  const before = operatorCost(operator);
  const after = chainCost(operator, lowerChain(pass, operator, decomposition, ranks));
  return gains(before, after, requireGain)
    ? undefined
    : skip(operator.node, 'no-gain', `params ${before.params} → ${after.params}`);
}
