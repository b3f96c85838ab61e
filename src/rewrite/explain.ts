import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { Model, Node } from '../ir/index.ts';
import { ownValue } from '../own-value.ts';
import {
  constantTensor,
  type Decomposition,
  isSkip,
  kernelIndices,
  type LinearOperator,
  linearOperator,
  type Ranks,
} from '../pass/index.ts';
import { chooseFilters } from './choose-filters.ts';
import { operatorCost } from './cost.ts';
import { explainGroups, type NodeGroup } from './explain-groups.ts';
import { nodeMacs } from './node-cost.ts';
import { linearNodes } from './node-names.ts';
import { pruneSteps, type Stage, segments } from './pipeline.ts';
import type { PlanNode } from './plan.ts';
import { planNodes } from './planner.ts';
import { type Environment, FitCache, type Policy, Workspace } from './workspace.ts';

/** A linear operator of the model as the passes see it. */
export interface InspectedNode {
  readonly name: string;
  readonly opType: string;
  /** The weight's dims; empty where they are not known. */
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly params: number;
  /** Per sample; null where shapes are not known. */
  readonly macs: number | null;
  /** Why no pass can rewrite it. */
  readonly skipped: { readonly code: string; readonly text: string } | null;
}

export interface MethodExplanation {
  readonly pass: string;
  readonly equation: string;
  readonly ranks: Ranks | null;
  readonly cost: { readonly params: number; readonly macs: number | null } | null;
  readonly weightError: number | null;
  readonly decision: string;
}

export interface NodeExplanation {
  readonly node: InspectedNode;
  readonly operator: string;
  readonly methods: readonly MethodExplanation[];
  /** Channels that the node makes and reads. */
  readonly groups: readonly NodeGroup[];
  /** What the whole pipeline decides. */
  readonly plan: PlanNode;
}

/** All Conv, ConvTranspose, Gemm and MatMul nodes, in file order. */
export function inspectNodes(model: Model, environment: Environment): readonly InspectedNode[] {
  const workspace = new Workspace(model, environment);
  const names = workspace.names();
  return linearNodes(workspace.model).map((node) => inspected(node, names.get(node) ?? node.name, workspace));
}

function inspected(node: Node, name: string, workspace: Workspace): InspectedNode {
  const operator = linearOperator(node, workspace.context(undefined));
  const tensor = node.inputs[1] && constantTensor(node.inputs[1]);
  const bias = node.inputs[2] && constantTensor(node.inputs[2]);
  const seen = operator === null || isSkip(operator) ? undefined : operator;
  const weight = (seen && constantTensor(seen.weight)) ?? tensor;
  return {
    name,
    opType: node.opType,
    shape: weight?.dims ?? [],
    dtype: weight?.dtype ?? 'unknown',
    params: seen ? operatorCost(seen).params : (weight?.size ?? 0) + (bias?.size ?? 0),
    macs: nodeMacs(node, workspace.shapes) ?? null,
    skipped: isSkip(operator) ? { code: operator.code, text: operator.text } : null,
  };
}

/**
 * How one node is seen, what each factorize pass of the pipeline would make of it alone, and what the pipeline decides.
 *
 * @throws usage when no linear operator has that name
 */
export async function explainNode(
  model: Model,
  name: string,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
): Promise<NodeExplanation> {
  const workspace = new Workspace(model, environment);
  // Here there are no data: filters that only these could choose stay.
  const isOpen = pruneSteps(stages).some(({ rule }) => rule.count && rule.data === 'needed');
  const pruned = isOpen ? [] : await chooseFilters(workspace, workspace, stages, policy, environment, undefined);
  if (isOpen) workspace.prepare({ stages, policy, pruned });
  const node = linearNodeNamed(name, workspace);
  const operator = linearOperator(node, workspace.context(undefined));
  const ranks = ownValue(policy.ranks, name);
  const alone: Policy = {
    ...policy,
    allows: (other) => other === name && policy.allows(other),
    prunes: policy.prunes ?? policy.allows,
    ranks: ranks ? { [name]: ranks } : {},
  };
  const decide = async (chosen: readonly Stage[]) => {
    const { nodes } = await planNodes(model, chosen, alone, environment, new FitCache(), { fit: true, pruned });
    return nodes.find((entry) => entry.name === name) as PlanNode;
  };
  const seen = operator === null || isSkip(operator) ? undefined : operator;
  return {
    node: inspected(node, name, workspace),
    operator: seen ? describe(seen) : 'not seen as a linear operator',
    methods: seen ? await explainMethods(seen, stages, workspace, decide) : [],
    groups: explainGroups(model, name, stages, policy, environment, pruned),
    plan: await decide(stages),
  };
}

function linearNodeNamed(name: string, workspace: Workspace): Node {
  const names = workspace.names();
  const nodes = linearNodes(workspace.model);
  const node = nodes.find((candidate) => names.get(candidate) === name);
  if (node) return node;
  const known = nodes.flatMap((candidate) => names.get(candidate) ?? []);
  throw diagnostics.usage(
    `there is no Conv, ConvTranspose, Gemm or MatMul named "${name}"`,
    didYouMean(name, known) ?? '"onnx-tucker inspect" lists the names.',
  );
}

/** Each factorize pass that takes the operator, alone under its rank pass. */
async function explainMethods(
  operator: LinearOperator,
  stages: readonly Stage[],
  workspace: Workspace,
  decide: (stages: readonly Stage[]) => Promise<PlanNode>,
): Promise<readonly MethodExplanation[]> {
  const explained: MethodExplanation[] = [];
  const before = stages.filter(({ pass }) => pass.kind === 'canonicalize' || pass.kind === 'prune');
  const candidates = segments(stages).flatMap(({ rank, methods }) => methods.map((method) => ({ rank, method })));
  for (const { rank, method } of candidates) {
    const decomposition = method.pass.match(operator, workspace.context(method.options));
    if (decomposition === null || isSkip(decomposition)) continue;
    const { ranks, cost, weightError, skipped } = await decide([...before, rank, method]);
    explained.push({
      pass: method.pass.name,
      equation: equation(operator, decomposition),
      ranks,
      cost: ranks && cost ? cost.after : null,
      weightError,
      decision: skipped ? `${skipped.code}: ${skipped.text}` : `${rank.pass.name} would take it`,
    });
  }
  return explained;
}

/** `W[g,t,s,k1,k2] = Σ U[g,t,R4] C[g,R4,R3,k1,k2] V[g,R3,s]`, without the group index where there is one group. */
function equation(operator: LinearOperator, { factors }: Decomposition): string {
  const shown = (indices: readonly string[]) => indices.filter((index) => index !== 'g' || operator.groups > 1).join();
  const right = factors.map(({ name, indices }) => `${name}[${shown(indices)}]`).join(' ');
  return `W[${shown(kernelIndices(operator))}] = Σ ${right}`;
}

function describe({
  opType,
  groups,
  inputs,
  outputs,
  kernelShape,
  strides,
  padsBegin,
  padsEnd,
  dilations,
  inputSizes,
  outputSizes,
}: LinearOperator): string {
  const parts = [
    `${groups * inputs} → ${groups * outputs} channels`,
    ...(groups > 1 ? [`${groups} groups`] : []),
    ...(kernelShape.length > 0
      ? [
          `kernel ${kernelShape.join('×')}`,
          `stride ${strides.join('×')}`,
          `pads ${[...padsBegin, ...padsEnd].join()}`,
          `dilation ${dilations.join('×')}`,
        ]
      : []),
    ...(inputSizes && outputSizes && kernelShape.length > 0
      ? [`${inputSizes.join('×')} → ${outputSizes.join('×')} positions`]
      : []),
  ];
  return `${opType}: ${parts.join(', ')}`;
}
