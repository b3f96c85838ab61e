import { DiagnosticError, diagnostics } from '../diagnostics.ts';
import { cloneModel, fromFloat64, type Model, type Node, type Tensor } from '../ir/index.ts';
import { contract, type Factors } from '../numerics/index.ts';
import {
  constantTensor,
  type Decomposition,
  type FactorizePass,
  isSkip,
  type LinearOperator,
  linearOperator,
  networkAt,
  type Ranks,
  readKernel,
  type Skip,
  type SkipCode,
  skip,
  toWeightOrder,
} from '../pass/index.ts';
import { isAdmissible } from './candidate-space.ts';
import { checkContraction, storedFactors } from './contraction-check.ts';
import { chainCost, gains, operatorCost } from './cost.ts';
import { editGraph } from './edit-graph.ts';
import { emitChain } from './emit-chain.ts';
import { checkExecution } from './execution-check.ts';
import { type LoweredStep, lowerChain, stepWeight } from './lowering.ts';
import { passFailure } from './pass-failure.ts';
import type { Stage } from './pipeline.ts';
import type { PlanNode } from './plan.ts';
import { type Environment, type FitCache, nodeSeed, type Policy, Workspace } from './workspace.ts';

/** What became of one entry of the plan. */
export interface NodeResult {
  readonly plan: PlanNode;
  /** Of the factors as stored; null where the node was kept. */
  readonly weightError: number | null;
  /** Of the rewritten node against the contraction of its factors; null where that was not run. */
  readonly exactError: number | null;
  /** Why the node was kept, by plan or because its rewrite failed. */
  readonly skipped: { readonly code: SkipCode; readonly text: string } | null;
}

export interface Applied {
  readonly model: Model;
  /** The same graph before factorization, with each rewritten kernel replaced by the contraction of its factors. */
  readonly reference: Model | undefined;
  /** The model after its canonicalize passes, where these changed it: on paper the same function as before. */
  readonly canonical: Model | undefined;
  readonly nodes: readonly NodeResult[];
  /** False when the model is as it came. */
  readonly changed: boolean;
}

/**
 * Executes a plan: canonicalize passes, then factorize passes in pipeline order, then cleanup passes. Each rewrite is a
 * transaction; one that fails a check leaves its node and says why.
 *
 * @throws usage when the plan names a node or a method that does not exist, or a node twice
 */
export async function applyNodes(
  model: Model,
  stages: readonly Stage[],
  plan: readonly PlanNode[],
  policy: Policy,
  environment: Environment,
  fits: FitCache,
  options: { readonly reference: boolean },
): Promise<Applied> {
  const rewritten = new Workspace(model, environment);
  const reference = options.reference ? new Workspace(model, environment) : undefined;
  const runAll = (kind: 'canonicalize' | 'cleanup') => {
    let changed = false;
    for (const stage of stages) {
      if (stage.pass.kind !== kind) continue;
      changed = rewritten.run(stage) || changed;
      if (kind === 'canonicalize') reference?.run(stage);
    }
    return changed;
  };
  const twice = plan.find(({ name }, index) => plan.findIndex((other) => other.name === name) !== index);
  if (twice) throw diagnostics.usage(`the plan has "${twice.name}" twice`, 'Remove one of the entries.');
  let changed = runAll('canonicalize');
  const canonical = changed && reference ? cloneModel(reference.model).model : undefined;
  const methods = new Map(
    stages.flatMap(({ pass, options }) => (pass.kind === 'factorize' ? [[pass.name, { pass, options }] as const] : [])),
  );
  const rewriter = new Rewriter(rewritten, reference, policy, environment, fits);
  const wanted = plan.filter(({ method }) => method !== null);
  const results: NodeResult[] = [];
  for (const entry of plan) {
    environment.signal.throwIfAborted();
    const method = entry.method === null ? undefined : methods.get(entry.method);
    if (entry.method !== null && !method)
      throw diagnostics.usage(
        `the plan gives ${entry.name} the method "${entry.method}", which its pipeline does not list`,
      );
    const result = method ? await rewriter.rewrite(entry, method) : kept(entry);
    results.push(result);
    if (method)
      environment.onEvent({
        kind: 'progress',
        stage: 'factorize',
        done: results.filter((r) => r.plan.method !== null).length,
        total: wanted.length,
        item: entry.name,
      });
    if (result.skipped === null) changed = true;
  }
  changed = runAll('cleanup') || changed;
  return { model: changed ? rewritten.model : model, reference: reference?.model, canonical, nodes: results, changed };
}

function kept(plan: PlanNode): NodeResult {
  const skipped = plan.skipped ?? { code: 'excluded', text: 'the plan keeps it' };
  return { plan, weightError: null, exactError: null, skipped: { code: skipped.code as SkipCode, text: skipped.text } };
}

class Rewriter {
  readonly #rewritten: Workspace;
  readonly #reference: Workspace | undefined;
  readonly #policy: Policy;
  readonly #environment: Environment;
  readonly #fits: FitCache;
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #referenceNodes: ReadonlyMap<string, Node>;

  constructor(
    rewritten: Workspace,
    reference: Workspace | undefined,
    policy: Policy,
    environment: Environment,
    fits: FitCache,
  ) {
    this.#rewritten = rewritten;
    this.#reference = reference;
    this.#policy = policy;
    this.#environment = environment;
    this.#fits = fits;
    this.#nodes = byName(rewritten);
    this.#referenceNodes = reference ? byName(reference) : new Map();
  }

  async rewrite(entry: PlanNode, stage: Stage<FactorizePass>): Promise<NodeResult> {
    const node = this.#nodes.get(entry.name);
    if (!node) throw diagnostics.usage(`the plan names "${entry.name}", which the model does not have`);
    const outcome = await this.#attempt(node, entry, stage).catch((cause: unknown) =>
      passFailure(node, entry.name, cause, this.#environment),
    );
    this.#fits.drop(entry.name);
    if (!isSkip(outcome)) return { plan: entry, ...outcome, skipped: null };
    return { plan: entry, weightError: null, exactError: null, skipped: { code: outcome.code, text: outcome.text } };
  }

  async #attempt(node: Node, entry: PlanNode, { pass, options }: Stage<FactorizePass>) {
    const context = this.#rewritten.context(options);
    const operator = linearOperator(node, context);
    if (operator === null || isSkip(operator))
      return operator ?? skip(node, 'not-legal', `${node.opType} is no linear operator`);
    const decomposition = pass.match(operator, context);
    if (decomposition === null || isSkip(decomposition))
      return decomposition ?? skip(node, 'not-legal', `${pass.name} does not take this operator`);
    const ranks = entry.ranks ?? {};
    const fault = this.#illegalRanks(operator, decomposition, ranks, pass.name);
    if (fault) return fault;
    const kernel = readKernel(operator);
    if (isSkip(kernel)) return kernel;
    const { blas, signal, seed } = this.#environment;
    const { factors, relativeError: promised } = await this.#fits.fit(entry.name, pass.name, ranks, () =>
      decomposition.fit(kernel, ranks, { blas, signal, effort: 'normal', seed: nodeSeed(seed, entry.name, pass.name) }),
    );
    const steps = lowerChain(pass.name, operator, decomposition, ranks);
    const weights = steps.map((step) => fromFloat64(stepWeight(step, factors), step.weightDims, operator.dtype));
    const stored = storedFactors(factors, steps, weights);
    const network = networkAt(operator, decomposition, ranks);
    const contraction = await checkContraction(network, factors, stored, kernel, promised, operator.dtype, blas);
    if (contraction.fault) return skip(node, 'check-failed', contraction.fault);
    const executed = await this.#execute(operator, decomposition, ranks, steps, stored, weights, entry.name);
    if (isSkip(executed)) return executed;
    await this.#replaceInReference(entry.name, operator, decomposition, ranks, stored);
    const opset = this.#rewritten.model.opset() ?? 0;
    editGraph(this.#rewritten.model, node, (edit) => emitChain(operator, steps, weights, opset, edit));
    this.#rewritten.changed();
    return { weightError: contraction.weightError, exactError: executed };
  }

  #illegalRanks(operator: LinearOperator, decomposition: Decomposition, ranks: Ranks, pass: string): Skip | undefined {
    const { node } = operator;
    const clamped = decomposition.clamp?.(ranks) ?? ranks;
    const named = decomposition.axes.map(({ name, max }) => `${name} ≤ ${clamped[name] ?? max}`).join(', ');
    if (!isAdmissible(decomposition, ranks) || decomposition.axes.some(({ name }) => clamped[name] !== ranks[name]))
      return skip(node, 'not-legal', `ranks ${JSON.stringify(ranks)} do not exist here: ${named}`);
    const [before, after] = [
      operatorCost(operator),
      chainCost(operator, lowerChain(pass, operator, decomposition, ranks)),
    ];
    return gains(before, after, this.#policy.requireGain)
      ? undefined
      : skip(node, 'no-gain', `params ${before.params} → ${after.params}`);
  }

  async #execute(
    operator: LinearOperator,
    decomposition: Decomposition,
    ranks: Ranks,
    steps: readonly LoweredStep[],
    stored: Factors,
    weights: readonly Tensor[],
    name: string,
  ): Promise<number | null | Skip> {
    const { executor, blas, seed } = this.#environment;
    if (!executor) return null;
    try {
      const check = await checkExecution(
        operator,
        decomposition,
        ranks,
        steps,
        stored,
        weights,
        this.#rewritten.model,
        { executor, blas, seed: nodeSeed(seed, name, 'check') },
      );
      if (check.ok) return check.relativeError;
      return skip(
        operator.node,
        'check-failed',
        `the rewritten node differs from its kernel by ${check.boundUsed.toPrecision(3)} times the rounding bound`,
      );
    } catch (cause) {
      if (!(cause instanceof DiagnosticError)) throw cause;
      const { code, message } = cause.diagnostic;
      if (code === 'runtime-crashed') return skip(operator.node, 'runtime-crashed', message);
      if (code === 'runtime-rejected') return skip(operator.node, 'check-failed', message);
      throw cause;
    }
  }

  async #replaceInReference(
    name: string,
    operator: LinearOperator,
    decomposition: Decomposition,
    ranks: Ranks,
    stored: Factors,
  ): Promise<void> {
    const node = this.#referenceNodes.get(name);
    if (!this.#reference || !node) return;
    const network = networkAt(operator, decomposition, ranks);
    const { data } = await contract(network, stored, this.#environment.blas);
    const { dims } = constantTensor(operator.weight) as Tensor;
    const kernel = fromFloat64(toWeightOrder(operator, data), dims, operator.dtype);
    const index = operator.node.inputs.indexOf(operator.weight);
    editGraph(this.#reference.model, node, (edit) =>
      edit.setInput(node, index, edit.initializer(`${name}/contracted`, kernel)),
    );
  }
}

function byName(workspace: Workspace): ReadonlyMap<string, Node> {
  return new Map([...workspace.names()].map(([node, name]) => [name, node]));
}
