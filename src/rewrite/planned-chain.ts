import type { Model, Node } from '../ir/index.ts';
import { type FactorizePass, isSkip, type LinearOperator, linearOperator } from '../pass/index.ts';
import { illegalRanks } from './illegal-ranks.ts';
import { type LoweredStep, lowerChain } from './lowering.ts';
import { methodsOf } from './methods-of.ts';
import { type OperatorStep, operatorStep } from './operator-step.ts';
import type { Stage } from './pipeline.ts';
import type { PlanNode, Rewrites } from './plan.ts';
import { type Environment, type Policy, Workspace } from './workspace.ts';

/** What a plan puts in an operator's place; undefined where the node or the ranks do not allow it. */
export function plannedChain(
  node: Node,
  { ranks }: PlanNode,
  { pass, options }: Stage<FactorizePass>,
  workspace: Workspace,
): { readonly operator: LinearOperator; readonly steps: readonly LoweredStep[] } | undefined {
  const context = workspace.context(options);
  const operator = linearOperator(node, context);
  if (operator === null || isSkip(operator)) return undefined;
  const decomposition = pass.match(operator, context);
  if (decomposition === null || isSkip(decomposition)) return undefined;
  if (illegalRanks(operator, { pass: pass.name, decomposition }, ranks ?? {}, 'none')) return undefined;
  return { operator, steps: lowerChain(pass.name, operator, decomposition, ranks ?? {}) };
}

/** A node before and after, as steps that can be timed. */
export interface PlannedNode {
  readonly name: string;
  readonly before: OperatorStep;
  readonly after: readonly LoweredStep[];
}

/** The nodes that a plan rewrites, with what takes their place. */
export function plannedNodes(
  model: Model,
  stages: readonly Stage[],
  { nodes: plan, pruned }: Rewrites,
  policy: Policy,
  environment: Environment,
): readonly PlannedNode[] {
  const methods = methodsOf(stages);
  const workspace = new Workspace(model, environment);
  workspace.prepare({ stages, policy, pruned });
  const nodes = new Map([...workspace.names()].map(([node, name]) => [name, node]));
  return plan.flatMap((entry) => {
    const [node, method] = [nodes.get(entry.name), methods.get(entry.method ?? '')];
    const planned = node && method && plannedChain(node, entry, method, workspace);
    return planned ? [{ name: entry.name, before: operatorStep(planned.operator), after: planned.steps }] : [];
  });
}
