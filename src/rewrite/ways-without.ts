import type { Gone } from '../channels/index.ts';
import { type Decomposition, type FactorizePass, isSkip, type LinearOperator } from '../pass/index.ts';
import type { Candidate, NodeWays } from './candidates.ts';
import { chainCost, gains, operatorCost } from './cost.ts';
import { absentRanks } from './illegal-ranks.ts';
import { lowerChain } from './lowering.ts';
import type { Methods } from './methods-of.ts';
import { operatorStep } from './operator-step.ts';
import type { Stage } from './pipeline.ts';
import { isCheaper } from './priced-method.ts';
import { withoutChannels } from './without-channels.ts';
import type { Policy, Workspace } from './workspace.ts';

/** The same ranks on the smaller operator, where they are still worth it there. */
export function waysWithout(
  operator: LinearOperator,
  gone: Gone,
  kept: readonly Candidate[],
  methods: Methods,
  workspace: Workspace,
  { requireGain }: Policy,
): NodeWays | undefined {
  const smaller = withoutChannels(operator, gone);
  if (!smaller) return undefined;
  const before = operatorCost(smaller);
  const decompositions = new Map<string, Decomposition | undefined>();
  const decompositionOf = (method: string) => {
    if (!decompositions.has(method)) decompositions.set(method, matched(smaller, methods.get(method), workspace));
    return decompositions.get(method);
  };
  const candidates = kept.flatMap((candidate) => {
    const { method, ranks } = candidate;
    const decomposition = decompositionOf(method);
    if (!decomposition || absentRanks(smaller, { decomposition }, ranks)) return [];
    const steps = lowerChain(method, smaller, decomposition, ranks);
    const cost = chainCost(smaller, steps);
    return gains(before, cost, requireGain) && isCheaper(cost, before) ? [{ ...candidate, steps, cost }] : [];
  });
  return { cost: before, step: operatorStep(smaller), candidates };
}

function matched(
  operator: LinearOperator,
  stage: Stage<FactorizePass> | undefined,
  workspace: Workspace,
): Decomposition | undefined {
  const decomposition = stage?.pass.match(operator, workspace.context(stage.options));
  return !decomposition || isSkip(decomposition) ? undefined : decomposition;
}
