import type { Model } from '../ir/index.ts';
import type { Moments } from '../numerics/index.ts';
import type { Calibration } from './calibration.ts';
import { linearNodes } from './node-names.ts';
import { inOrder, Observation } from './observation.ts';
import type { Stage } from './pipeline.ts';
import { type Environment, type Policy, Workspace } from './workspace.ts';

export interface NodeMoments {
  readonly name: string;
  readonly moments: Moments;
}

/**
 * Moments of all linear operators that may be factorized, as the canonicalized model has them: with all its filters.
 *
 * @param onUnobserved told of nodes that could not be observed, and why
 */
export async function observeNodes(
  model: Model,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
  calibration: Calibration,
  onUnobserved: (name: string, reason: string) => void,
): Promise<readonly NodeMoments[]> {
  const workspace = new Workspace(model, environment);
  workspace.runAll(stages, 'canonicalize');
  const nameOf = workspace.names();
  const listed = new Set(linearNodes(workspace.model));
  const names = inOrder(workspace)
    .filter((node) => listed.has(node))
    .map((node) => nameOf.get(node) ?? node.name)
    .filter((name) => policy.allows(name));
  const observation = await Observation.open(calibration, workspace, workspace, new Set(names));
  try {
    const seen: NodeMoments[] = [];
    for (const [done, name] of names.entries()) {
      environment.signal.throwIfAborted();
      const observed = await observation.of(name);
      if ('groups' in observed) seen.push({ name, moments: observed });
      else if ('unobserved' in observed) onUnobserved(name, observed.unobserved);
      environment.onEvent({ kind: 'progress', stage: 'observe', done: done + 1, total: names.length, item: name });
    }
    return seen;
  } finally {
    await observation.close();
  }
}
