import type { Model } from '../ir/index.ts';
import type { Calibration } from './calibration.ts';
import { type GroupOutcome, GroupRecord } from './group-record.ts';
import { methodsOf } from './methods-of.ts';
import { Observation } from './observation.ts';
import type { Stage } from './pipeline.ts';
import type { PlanNode, Rewrites } from './plan.ts';
import { checkPlan, inTopologicalOrder } from './plan-order.ts';
import type { PrunedModel } from './remove-filters.ts';
import { type NodeResult, Rewriter } from './rewriter.ts';
import { type Environment, type FitCache, type Policy, Workspace } from './workspace.ts';

export interface Applied {
  readonly model: Model;
  /** The same graph before factorization, with each rewritten kernel replaced by the contraction of its factors. */
  readonly reference: Model | undefined;
  /** The model after its canonicalize passes, where these changed it: on paper the same function as before. */
  readonly canonical: Model | undefined;
  /** What each removal of filters left, and the model that it must equal. */
  readonly pruned: readonly PrunedModel[];
  /** What became of groups of channels; undefined where no pass prunes. */
  readonly groups: GroupOutcome | undefined;
  readonly nodes: readonly NodeResult[];
  /** False when the model is as it came. */
  readonly changed: boolean;
}

export interface ApplyOptions {
  /** Whether to make the reference for whole-model checks. */
  readonly reference: boolean;
  /** Data to fit on; weights alone without it. */
  readonly calibration?: Calibration;
}

/**
 * Executes a plan: canonicalize passes, removal of filters, then factorize passes in topological order, then cleanup passes.
 * Each rewrite is a transaction; one that fails a check leaves its node and says why. With calibration each node is fitted
 * to what the model gives it after all rewrites before it, and what it should give is told by the unpruned original; a node
 * that lost inputs and is not factorized gets new weights the same way.
 *
 * @throws usage when the plan names a node or a method that does not exist, or a node twice
 */
export async function applyNodes(
  model: Model,
  stages: readonly Stage[],
  { pruned: groups, nodes: plan }: Rewrites,
  policy: Policy,
  environment: Environment,
  fits: FitCache,
  { reference: wantsReference, calibration }: ApplyOptions,
): Promise<Applied> {
  const methods = methodsOf(stages);
  checkPlan(plan, methods);
  const rewritten = new Workspace(model, environment);
  const reference = wantsReference ? new Workspace(model, environment) : undefined;
  const original = calibration && new Workspace(model, environment);
  const canonical = reference && canonicalModel(new Workspace(model, environment), stages);
  const pruned: PrunedModel[] = [];
  const removal = { stages, policy, pruned: groups };
  const record = new GroupRecord();
  let changed = rewritten.prepare({
    ...removal,
    record,
    ...(reference && { onPruned: (one: PrunedModel) => void pruned.push(one) }),
  });
  reference?.prepare(removal);
  original?.runAll(stages, 'canonicalize');
  const refitted = new Set(
    [...rewritten.names()].flatMap(([node, name]) => (calibration && rewritten.hasLostInputs(node) ? [name] : [])),
  );
  const wanted = new Set(plan.flatMap(({ name, method }) => (method === null && !refitted.has(name) ? [] : [name])));
  const observation =
    calibration && original && wanted.size > 0
      ? await Observation.open(calibration, original, rewritten, wanted)
      : undefined;
  try {
    const rewriter = new Rewriter(rewritten, reference, policy, environment, fits, observation);
    const results = new Map<PlanNode, NodeResult>();
    for (const entry of inTopologicalOrder(plan, rewritten)) {
      environment.signal.throwIfAborted();
      const method = entry.method === null ? undefined : methods.get(entry.method);
      results.set(entry, await rewriter.rewrite(entry, method));
      if (wanted.has(entry.name)) {
        const done = [...results.keys()].filter(({ name }) => wanted.has(name)).length;
        environment.onEvent({ kind: 'progress', stage: 'factorize', done, total: wanted.size, item: entry.name });
      }
    }
    const nodes = plan.map((entry) => results.get(entry) as NodeResult);
    changed = nodes.some(({ skipped }) => skipped === null) || changed;
    changed = rewritten.runAll(stages, 'cleanup') || changed;
    return {
      model: changed ? rewritten.model : model,
      reference: reference?.model,
      canonical,
      pruned,
      groups: record.outcome,
      nodes,
      changed,
    };
  } finally {
    await observation?.close();
  }
}

/** Undefined where canonicalize passes change nothing. */
function canonicalModel(workspace: Workspace, stages: readonly Stage[]): Model | undefined {
  return workspace.runAll(stages, 'canonicalize') ? workspace.model : undefined;
}
