import { diagnostics } from '../diagnostics.ts';
import { fromFloat64, type Model, type Node, type Tensor } from '../ir/index.ts';
import { elementCount, type RealNdArray, seededRandom } from '../numerics/index.ts';
import { constantTensor, type FactorizePass, isSkip, linearOperator, readKernel } from '../pass/index.ts';
import { editGraph } from './edit-graph.ts';
import { emitChain } from './emit-chain.ts';
import type { LoweredStep } from './lowering.ts';
import { methodsOf } from './methods-of.ts';
import type { Stage } from './pipeline.ts';
import type { PlanNode, Rewrites } from './plan.ts';
import { checkPlan, inTopologicalOrder } from './plan-order.ts';
import { plannedChain } from './planned-chain.ts';
import { refittedName, replaceKernel } from './replace-kernel.ts';
import { type Environment, nodeSeed, type Policy, Workspace } from './workspace.ts';

export interface SketchOptions {
  /** Whether the fits would be made on data, so that each rewritten node gets a bias of its own. */
  readonly calibrated?: boolean;
  /** Which nodes may lose filters; all by default. */
  readonly policy?: Pick<Policy, 'allows' | 'prunes'>;
}

/**
 * What a plan makes of a model, but for the numbers: the same nodes, shapes and bytes in the file, with random weights in
 * place of fits. It runs as fast as the fitted model and is as large, and takes next to no time to make. Nothing is
 * checked; nodes that the plan or their own weights keep from being rewritten stay.
 *
 * @throws usage when the plan names a node or a method that does not exist, or a node twice
 */
export function sketchModel(
  model: Model,
  stages: readonly Stage[],
  { nodes: plan, pruned }: Rewrites,
  environment: Environment,
  { calibrated = false, policy = { allows: () => true } }: SketchOptions = {},
): Model {
  const methods = methodsOf(stages);
  checkPlan(plan, methods);
  const workspace = new Workspace(model, environment);
  let changed = workspace.prepare({ stages, policy, pruned });
  const nodes = new Map([...workspace.names()].map(([node, name]) => [name, node]));
  const edits = inTopologicalOrder(plan, workspace).flatMap((entry): Edits => {
    const method = entry.method === null ? undefined : methods.get(entry.method);
    const node = nodes.get(entry.name);
    if (!method) {
      const isRefitted = node && calibrated && workspace.hasLostInputs(node);
      return isRefitted ? sketchRefit(node, entry, workspace, environment.seed) : [];
    }
    if (!node) throw diagnostics.usage(`the plan names "${entry.name}", which the model does not have`);
    return sketchNode(node, entry, method, workspace, environment.seed, calibrated);
  });
  // All are prepared before any is made: shapes are inferred anew after an edit, and no node's depend on another's.
  for (const edit of edits) changed = edit() || changed;
  workspace.changed();
  changed = workspace.runAll(stages, 'cleanup') || changed;
  return changed ? workspace.model : model;
}

/** What is to be done about a node, once; nothing where it stays. */
type Edits = readonly (() => boolean)[];

function sketchNode(
  node: Node,
  entry: PlanNode,
  stage: Stage<FactorizePass>,
  workspace: Workspace,
  seed: number,
  calibrated: boolean,
): Edits {
  const planned = plannedChain(node, entry, stage, workspace);
  if (!planned) return [];
  const { operator, steps } = planned;
  const kernel = readKernel(operator);
  if (isSkip(kernel)) return [];
  const random = seededRandom(nodeSeed(seed, entry.name, stage.pass.name), 'sketch');
  const weights = steps.map((step) => {
    const size = step.isLast ? outputSize(kernel) : 1;
    return fromFloat64(
      randomNumbers(step.weightDims, size * stepScale(step), random.uniform),
      step.weightDims,
      operator.dtype,
    );
  });
  const bias = calibrated ? randomNumbers([operator.groups * operator.outputs], 1e-2, random.uniform) : undefined;
  const { model } = workspace;
  const opset = model.opset() ?? 0;
  return [() => editGraph(model, node, (edit) => emitChain(operator, steps, weights, opset, edit, bias))];
}

/** A node that lost inputs keeps what is left of its weights, under their new name, and gets a bias. */
function sketchRefit(node: Node, entry: PlanNode, workspace: Workspace, seed: number): Edits {
  const operator = linearOperator(node, workspace.context(undefined));
  if (operator === null || isSkip(operator)) return [];
  const random = seededRandom(nodeSeed(seed, entry.name, 'refitted'), 'sketch');
  const bias = randomNumbers([operator.groups * operator.outputs], 1e-2, random.uniform);
  const tensor = constantTensor(operator.weight) as Tensor;
  return [
    () => {
      replaceKernel(workspace.model, operator, refittedName(entry.name), tensor, bias);
      return false;
    },
  ];
}

/** With weights of this size an operator gives outputs as large as its inputs (He et al. 2015, without the Relu). */
function stepScale({ inputs, groups, kernelShape }: LoweredStep): number {
  return 1 / Math.sqrt((inputs / groups) * elementCount(kernelShape));
}

/** How large outputs of the kernel are on inputs of size 1: the sketch keeps that, so that deep models neither grow nor vanish. */
function outputSize({ data, dims: [groups = 1, outputs = 1] }: RealNdArray): number {
  let energy = 0;
  for (let i = 0; i < data.length; i++) energy += (data[i] as number) ** 2;
  return Math.sqrt(energy / (groups * outputs));
}

/** Of root mean square `size`, and none less than half of it: processors are slow on numbers near 0, even in float16. */
function randomNumbers(dims: readonly number[], size: number, uniform: () => number): Float64Array {
  // E u² of u uniform on [½, 3/2] is 13/12.
  const scale = size / Math.sqrt(13 / 12);
  return Float64Array.from({ length: elementCount(dims) }, () => {
    const drawn = 2 * uniform();
    return drawn < 1 ? scale * (drawn + 0.5) : -scale * (drawn - 0.5);
  });
}
