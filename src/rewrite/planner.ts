import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { Model, Node } from '../ir/index.ts';
import type { RealNdArray } from '../numerics/index.ts';
import { ownValue } from '../own-value.ts';
import {
  type CandidateSpace,
  type Cost,
  isSkip,
  type LinearOperator,
  linearOperator,
  type RankChoice,
  type Ranks,
  readKernel,
  type Skip,
  skip,
} from '../pass/index.ts';
import type { Calibration } from './calibration.ts';
import { candidateSpace, isAdmissible } from './candidate-space.ts';
import { operatorCost } from './cost.ts';
import { type FitTarget, fitTarget } from './fit-target.ts';
import { linearNodes } from './node-names.ts';
import { inOrder, Observation } from './observation.ts';
import { passFailure } from './pass-failure.ts';
import { type Segment, type Stage, segments } from './pipeline.ts';
import type { PlanNode } from './plan.ts';
import { type Environment, FitCache, nodeSeed, type Policy, Workspace } from './workspace.ts';

export interface PlanOptions {
  /** Fit what is chosen, so that the plan tells its weight error; the fits are kept for `applyNodes`. */
  readonly fit?: boolean;
  /** Data in whose metric fits are made, on the inputs that the original gives each node. */
  readonly calibration?: Calibration;
}

/**
 * Decides for every Conv, ConvTranspose, Gemm and MatMul of the model what is to become of it: the first half of `run`.
 * Canonicalize passes run on a copy, so that ranks are chosen for the nodes that the factorize passes will meet.
 *
 * @returns one entry per linear operator, in file order
 * @throws usage when a factorize pass has no rank pass before it, or `ranks` names no node
 */
export async function planNodes(
  model: Model,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
  fits: FitCache,
  options: PlanOptions = {},
): Promise<readonly PlanNode[]> {
  const workspace = new Workspace(model, environment);
  const rules = segments(stages);
  for (const stage of stages) if (stage.pass.kind === 'canonicalize') workspace.run(stage);
  const names = workspace.names();
  const nodes = linearNodes(workspace.model);
  const known = new Set(nodes.map((node) => names.get(node) ?? node.name));
  for (const name of Object.keys(policy.ranks))
    if (!known.has(name))
      throw diagnostics.usage(
        `--ranks: there is no Conv, Gemm or MatMul named "${name}"`,
        didYouMean(name, [...known]) ?? '"onnx-tucker inspect" lists the names.',
      );
  const ends = findEnds(nodes.filter((node) => node.graph === workspace.model.graph));
  const { fit = false, calibration } = options;
  const observation = calibration && (await Observation.open(calibration, workspace, workspace, known));
  try {
    const decided = new Map<Node, PlanNode>();
    const cache = calibration ? new FitCache() : fits;
    for (const node of topological(nodes, workspace)) {
      environment.signal.throwIfAborted();
      const name = names.get(node) ?? node.name;
      const planner = new NodePlanner(workspace, policy, environment, cache, name, ends.get(node), fit, observation);
      decided.set(node, await planner.plan(node, rules));
      environment.onEvent({ kind: 'progress', stage: 'plan', done: decided.size, total: nodes.length, item: name });
    }
    return nodes.map((node) => decided.get(node) as PlanNode);
  } finally {
    await observation?.close();
  }
}

function topological(nodes: readonly Node[], workspace: Workspace): readonly Node[] {
  const listed = new Set(nodes);
  const ordered = inOrder(workspace).filter((node) => listed.has(node));
  const elsewhere = new Set(ordered);
  return [...ordered, ...nodes.filter((node) => !elsewhere.has(node))];
}

/** The first Conv and the last linear operator of the main graph's. */
function findEnds(nodes: readonly Node[]): ReadonlyMap<Node, 'first' | 'last'> {
  const ends = new Map<Node, 'first' | 'last'>();
  const last = nodes.at(-1);
  const first = nodes.find((node) => node.is('Conv'));
  if (last) ends.set(last, 'last');
  if (first) ends.set(first, 'first');
  return ends;
}

/** Ends the planning of a node whose data cannot be had. */
class Unobserved extends Error {}

class NodePlanner {
  readonly #workspace: Workspace;
  readonly #policy: Policy;
  readonly #environment: Environment;
  readonly #fits: FitCache;
  readonly #name: string;
  readonly #end: CandidateSpace['end'];
  readonly #fitChosen: boolean;
  readonly #observation: Observation | undefined;

  constructor(
    workspace: Workspace,
    policy: Policy,
    environment: Environment,
    fits: FitCache,
    name: string,
    end: CandidateSpace['end'],
    fitChosen: boolean,
    observation: Observation | undefined,
  ) {
    this.#workspace = workspace;
    this.#policy = policy;
    this.#environment = environment;
    this.#fits = fits;
    this.#name = name;
    this.#end = end;
    this.#fitChosen = fitChosen;
    this.#observation = observation;
  }

  async plan(node: Node, rules: readonly Segment[]): Promise<PlanNode> {
    const operator = linearOperator(node, this.#workspace.context(undefined));
    if (operator === null) throw new Error(`${this.#name} is no linear operator`);
    if (isSkip(operator)) return this.#kept(node, operator, undefined);
    if (!this.#policy.allows(this.#name)) return this.#kept(node, skip(node, 'excluded', 'excluded by name'), operator);
    let reason: Skip = skip(node, 'no-method', 'no factorize pass of the pipeline takes this operator');
    let kernel: RealNdArray | Skip | undefined;
    for (const rule of rules) {
      const decision = await this.#decide(operator, rule, () => (kernel ??= readKernel(operator))).catch(
        (cause: unknown) =>
          cause instanceof Unobserved
            ? skip(node, 'unobserved', cause.message)
            : passFailure(node, this.#name, cause, this.#environment),
      );
      if (!isSkip(decision)) return this.#chosen(operator, decision, rule);
      if (decision.code !== 'no-method' || reason.code === 'no-method') reason = decision;
    }
    return this.#kept(node, reason, operator);
  }

  async #decide(operator: LinearOperator, rule: Segment, read: () => RealNdArray | Skip): Promise<RankChoice | Skip> {
    const { node } = operator;
    const spaces: CandidateSpace[] = [];
    let target: Promise<FitTarget> | undefined;
    let reason: Skip = skip(node, 'no-method', 'no factorize pass of the pipeline takes this operator');
    for (const { pass, options } of rule.methods) {
      const decomposition = pass.match(operator, this.#workspace.context(options));
      if (decomposition === null) continue;
      if (isSkip(decomposition)) {
        reason = decomposition;
        continue;
      }
      const kernel = read();
      if (isSkip(kernel)) return kernel;
      const { blas, signal, seed } = this.#environment;
      const effort = this.#observation ? ('fast' as const) : ('normal' as const);
      const context = { blas, signal, effort, seed: nodeSeed(seed, this.#name, pass.name) };
      const fitAt = async (ranks: Ranks) => {
        target ??= this.#target(kernel);
        const { kernel: wanted, metric } = await target;
        return decomposition.fit(wanted, ranks, { ...context, ...(metric && { metric }) });
      };
      spaces.push(
        candidateSpace({
          name: this.#name,
          pass: pass.name,
          operator,
          decomposition,
          kernel,
          end: this.#end,
          requireGain: this.#policy.requireGain,
          blas,
          norm: this.#observation ? 'outputs' : 'weights',
          fit: (ranks) => this.#fits.fit(this.#name, pass.name, ranks, () => fitAt(ranks)),
        }),
      );
    }
    if (spaces.length === 0) return reason;
    const choice =
      this.#userRanks(spaces) ?? (await rule.rank.pass.choose(spaces, this.#workspace.context(rule.rank.options)));
    const admitted = isSkip(choice) ? choice : this.#admitted(choice);
    if (this.#fitChosen && !isSkip(admitted)) await admitted.space.fitError(admitted.ranks);
    return admitted;
  }

  /** What fits of this node approach: its kernel, in the metric of its inputs where they are observed. */
  async #target(kernel: RealNdArray): Promise<FitTarget> {
    const moments = await this.#observation?.of(this.#name);
    if (!moments) return { kernel };
    if ('unobserved' in moments) throw new Unobserved(moments.unobserved);
    if ('factors' in moments) throw new Unobserved('factors made elsewhere tell nothing of other ranks');
    return fitTarget(kernel, moments, 'symmetric', this.#environment.blas);
  }

  /** Ranks given by hand, for the first method of the pipeline that has as many. */
  #userRanks(spaces: readonly CandidateSpace[]): RankChoice | undefined {
    const given = ownValue(this.#policy.ranks, this.#name);
    if (!given) return undefined;
    const space = spaces.find(({ decomposition }) => decomposition.axes.length === given.length);
    if (!space)
      throw diagnostics.usage(
        `--ranks ${this.#name}=${given.join()}: ${spaces[0]?.pass} has ranks ${spaces[0]?.decomposition.axes.map(({ name }) => name).join()}`,
      );
    return {
      kind: 'choice',
      space,
      ranks: Object.fromEntries(space.decomposition.axes.map(({ name }, axis) => [name, given[axis] as number])),
    };
  }

  #admitted(choice: RankChoice): RankChoice | Skip {
    const { space } = choice;
    const { node } = space.operator;
    const ranks = space.clamp(choice.ranks);
    if (!isAdmissible(space.decomposition, ranks))
      return skip(node, 'rank-zero', `ranks ${text(ranks)} are not between 1 and the kernel's own`);
    if (!space.gains(ranks))
      return skip(
        node,
        'no-gain',
        `ranks ${text(ranks)} would make it larger: ${comparison(space.originalCost, space.cost(ranks))}`,
      );
    return { ...choice, ranks };
  }

  async #chosen(operator: LinearOperator, { space, ranks }: RankChoice, rule: Segment): Promise<PlanNode> {
    return {
      ...this.#identity(operator.node, operator),
      method: space.pass,
      ranks,
      rankSource: ownValue(this.#policy.ranks, this.#name) ? '--ranks' : rule.rank.pass.name,
      cost: { before: written(space.originalCost), after: written(space.cost(ranks)) },
      ...(await this.#errors(space, ranks)),
      skipped: null,
    };
  }

  #kept(node: Node, { code, text }: Skip, operator: LinearOperator | undefined): PlanNode {
    const before = operator && written(operatorCost(operator));
    return {
      ...this.#identity(node, operator),
      method: null,
      ranks: null,
      rankSource: null,
      cost: before ? { before, after: before } : null,
      weightError: null,
      outputError: null,
      skipped: { code, text },
    };
  }

  async #errors(space: CandidateSpace, ranks: Ranks): Promise<Pick<PlanNode, 'weightError' | 'outputError'>> {
    if (!this.#fitChosen) return { weightError: null, outputError: null };
    const error = await space.fitError(ranks);
    return space.norm === 'weights'
      ? { weightError: error, outputError: null }
      : { weightError: null, outputError: error * error };
  }

  #identity(node: Node, operator: LinearOperator | undefined) {
    const weight = operator?.weight ?? node.inputs[1];
    const shape = weight?.shape?.filter((dim) => typeof dim === 'number') ?? [];
    return { name: this.#name, opType: node.opType, shape: [...(operator ? weightShape(operator) : shape)] };
  }
}

/** The weight's dims as in the file. */
function weightShape(operator: LinearOperator): readonly number[] {
  const { groups, outputs, inputs, kernelShape, weightLayout } = operator;
  switch (weightLayout) {
    case 'conv':
      return [groups * outputs, inputs, ...kernelShape];
    case 'conv-transpose':
      return [groups * inputs, outputs, ...kernelShape];
    case 'rows':
      return [outputs, inputs];
    case 'columns':
      return [inputs, outputs];
  }
}

function written({ params, macs, macsUnit }: Cost): { params: number; macs: number | null } {
  return { params, macs: macsUnit === 'sample' ? macs : null };
}

function text(ranks: Ranks): string {
  return Object.entries(ranks)
    .map(([name, rank]) => `${name}=${rank}`)
    .join(', ');
}

function comparison(before: Cost, after: Cost): string {
  return `params ${before.params} → ${after.params}, MACs ${Math.round(before.macs)} → ${Math.round(after.macs)}${before.macsUnit === 'position' ? ' per position' : ''}`;
}
