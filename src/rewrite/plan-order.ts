import { diagnostics } from '../diagnostics.ts';
import type { Methods } from './methods-of.ts';
import { inOrder } from './observation.ts';
import type { PlanNode } from './plan.ts';
import type { Workspace } from './workspace.ts';

/** @throws usage when a plan names a node twice, or a method that its pipeline does not list */
export function checkPlan(plan: readonly PlanNode[], methods: Methods): void {
  const names = new Set<string>();
  for (const { name, method } of plan) {
    if (names.has(name)) throw diagnostics.usage(`the plan has "${name}" twice`, 'Remove one of the entries.');
    names.add(name);
    if (method !== null && !methods.has(method))
      throw diagnostics.usage(`the plan gives ${name} the method "${method}", which its pipeline does not list`);
  }
}

/** Entries as the graph runs their nodes. Files may list nodes in another order. */
export function inTopologicalOrder(plan: readonly PlanNode[], workspace: Workspace): readonly PlanNode[] {
  const names = workspace.names();
  const places = new Map(inOrder(workspace).map((node, place) => [names.get(node), place]));
  const placeOf = ({ name }: PlanNode) => places.get(name) ?? Number.POSITIVE_INFINITY;
  return plan.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0));
}
