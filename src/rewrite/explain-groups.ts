import type { Model } from '../ir/index.ts';
import { describeGroups, type GroupDescription } from './describe-groups.ts';
import type { Stage } from './pipeline.ts';
import type { PrunedGroup } from './plan.ts';
import { type Environment, type Policy, Workspace } from './workspace.ts';

/** A group that a node makes or reads, and what is to go from it. */
export interface NodeGroup extends GroupDescription {
  readonly roles: readonly ('makes' | 'reads')[];
  /** Null where all filters stay that do something. */
  readonly pruned: PrunedGroup | null;
}

/** Groups of all channels, in topological order. The model stays as it is. */
export function inspectGroups(
  model: Model,
  policy: Policy,
  environment: Environment,
  canonicalize: readonly Stage[] = [],
): readonly GroupDescription[] {
  const workspace = new Workspace(model, environment);
  workspace.runAll(canonicalize, 'canonicalize');
  return describeGroups(workspace, policy);
}

/**
 * The groups that one node has to do with, as the prune passes of a pipeline see them; none for a node in a subgraph or a
 * function.
 *
 * @param pruned what goes by the plan
 */
export function explainGroups(
  model: Model,
  name: string,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
  pruned: readonly PrunedGroup[],
): readonly NodeGroup[] {
  return inspectGroups(model, policy, environment, stages).flatMap((group) => {
    const makes = group.makers.includes(name) ? (['makes'] as const) : [];
    const reads = group.readers.includes(name) ? (['reads'] as const) : [];
    if (makes.length + reads.length === 0) return [];
    const planned = group.frozen ? undefined : pruned.find((entry) => entry.group === group.name);
    return [{ ...group, roles: [...makes, ...reads], pruned: planned ?? null }];
  });
}
