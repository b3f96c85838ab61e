import { DiagnosticError, diagnostics } from '../diagnostics.ts';
import { fromFloat64, type Node, type Tensor, toFloat64 } from '../ir/index.ts';
import {
  type Blas,
  checkFactors,
  contract,
  correctedBias,
  type Factors,
  type Fit,
  heldBackError,
  type Moments,
  type NdArray,
  predictedOutputError,
  type RealNdArray,
} from '../numerics/index.ts';
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
  toKernelOrder,
  toWeightOrder,
} from '../pass/index.ts';
import type { FitMode, FittedNode, OutputError } from './calibration.ts';
import { checkContraction, storedFactors, weightError } from './contraction-check.ts';
import { editGraph } from './edit-graph.ts';
import { emitChain } from './emit-chain.ts';
import { checkExecution } from './execution-check.ts';
import { type FitTarget, fitTarget } from './fit-target.ts';
import { illegalRanks } from './illegal-ranks.ts';
import { type LoweredStep, lowerChain, stepWeight } from './lowering.ts';
import type { Observation } from './observation.ts';
import { OutputWeighing } from './output-weighing.ts';
import { passFailure } from './pass-failure.ts';
import type { Stage } from './pipeline.ts';
import type { PlanNode } from './plan.ts';
import { refittedName, replaceKernel } from './replace-kernel.ts';
import { type Environment, type FitCache, nodeSeed, type Policy, type Workspace } from './workspace.ts';

/** What became of one entry of the plan. */
export interface NodeResult {
  readonly plan: PlanNode;
  /** Of the factors as stored; null where the node was kept. */
  readonly weightError: number | null;
  /** On the data that it was fitted to; null where there were none or its weights stay. */
  readonly outputError: OutputError | null;
  /** The factors as stored, or one kernel, and the bias, where the node was fitted to data. */
  readonly fitted: FittedNode | null;
  /** Of the rewritten node against the contraction of its factors; null where that was not run. */
  readonly exactError: number | null;
  /** Why the node was kept, by plan or because its rewrite failed. */
  readonly skipped: { readonly code: SkipCode; readonly text: string } | null;
}

/** Carries out single entries of a plan. */
export class Rewriter {
  readonly #rewritten: Workspace;
  readonly #reference: Workspace | undefined;
  readonly #policy: Policy;
  readonly #environment: Environment;
  readonly #fits: FitCache;
  readonly #observation: Observation | undefined;
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #referenceNodes: ReadonlyMap<string, Node>;

  constructor(
    rewritten: Workspace,
    reference: Workspace | undefined,
    policy: Policy,
    environment: Environment,
    fits: FitCache,
    observation: Observation | undefined,
  ) {
    this.#rewritten = rewritten;
    this.#reference = reference;
    this.#policy = policy;
    this.#environment = environment;
    this.#fits = fits;
    this.#observation = observation;
    this.#nodes = byName(rewritten);
    this.#referenceNodes = reference ? byName(reference) : new Map();
  }

  /** @param stage undefined for a node that the plan keeps */
  async rewrite(entry: PlanNode, stage: Stage<FactorizePass> | undefined): Promise<NodeResult> {
    const { name } = entry;
    const node = this.#nodes.get(name);
    if (!node) {
      if (!stage) return { plan: entry, ...untouched, skipped: keptBy(entry) };
      throw diagnostics.usage(`the plan names "${name}", which the model does not have`);
    }
    const guarded = <Outcome>(work: Promise<Outcome>) =>
      work.catch((cause: unknown) => passFailure(node, name, cause, this.#environment));
    const outcome = stage && (await guarded(this.#attempt(node, entry, stage)));
    this.#fits.drop(name);
    if (outcome && !isSkip(outcome)) return { plan: entry, ...outcome, skipped: null };
    const skipped = outcome ? { code: outcome.code, text: outcome.text } : keptBy(entry);
    const refitted =
      this.#observation && this.#rewritten.hasLostInputs(node) ? await guarded(this.#refit(node, name)) : untouched;
    return { plan: entry, ...(isSkip(refitted) ? untouched : refitted), skipped };
  }

  /** New weights, by least squares, for a node that lost inputs and is not factorized. */
  async #refit(node: Node, name: string): Promise<Outcome | Skip> {
    const operator = linearOperator(node, this.#rewritten.context(undefined));
    if (operator === null || isSkip(operator)) return operator ?? skip(node, 'not-legal', 'it is no linear operator');
    const kernel = readKernel(operator);
    if (isSkip(kernel)) return kernel;
    const known = await this.#known(node, name, leastSquares, {});
    if (isSkip(known)) return known;
    const { moments, elsewhere } = known;
    const { blas } = this.#environment;
    const found = moments ? (await fitTarget(kernel, moments, this.#mode, blas)).kernel : elsewhere?.factors.W;
    if (!found || found.data.length !== kernel.data.length)
      return skip(node, 'unobserved', 'its weights were fitted to other sizes');
    const tensor = kernelTensor(operator, Float64Array.from(found.data));
    const stored = { data: Float64Array.from(toKernelOrder(operator, toFloat64(tensor))), dims: kernel.dims };
    const judged = moments
      ? await judge(operator, stored, moments, blas)
      : { bias: elsewhere?.bias, outputError: elsewhere?.outputError as OutputError };
    this.#replaceInReference(name, operator, tensor, judged.bias);
    replaceKernel(this.#rewritten.model, operator, refittedName(name), tensor, judged.bias);
    return {
      ...untouched,
      outputError: judged.outputError,
      fitted: { method: leastSquares, ranks: {}, factors: { W: stored }, ...judged },
    };
  }

  /** What the entry is about: operator, decomposition, kernel; or why its ranks or method do not fit. */
  #subject(node: Node, { ranks: chosen }: PlanNode, { pass, options }: Stage<FactorizePass>) {
    const context = this.#rewritten.context(options);
    const operator = linearOperator(node, context);
    if (operator === null || isSkip(operator))
      return operator ?? skip(node, 'not-legal', `${node.opType} is no linear operator`);
    const decomposition = pass.match(operator, context);
    if (decomposition === null || isSkip(decomposition))
      return decomposition ?? skip(node, 'not-legal', `${pass.name} does not take this operator`);
    const ranks = chosen ?? {};
    const fault = illegalRanks(operator, { pass: pass.name, decomposition }, ranks, this.#policy.requireGain);
    if (fault) return fault;
    const kernel = readKernel(operator);
    return isSkip(kernel) ? kernel : { operator, decomposition, ranks, kernel };
  }

  async #attempt(node: Node, entry: PlanNode, stage: Stage<FactorizePass>) {
    const subject = this.#subject(node, entry, stage);
    if (isSkip(subject)) return subject;
    const { operator, decomposition, ranks, kernel } = subject;
    const { pass } = stage;
    const known = await this.#known(node, entry.name, pass.name, ranks);
    if (isSkip(known)) return known;
    const { moments, elsewhere } = known;
    const { blas } = this.#environment;
    const aim: FitTarget = moments ? await fitTarget(kernel, moments, this.#mode, blas) : { kernel };
    const weighing = OutputWeighing.of(decomposition, operator.groups, aim.outputs, blas);
    const target = weighing ? { ...aim, kernel: await weighing.kernel(aim.kernel) } : aim;
    const fit = elsewhere
      ? await this.#fitFrom(operator, decomposition, ranks, elsewhere.factors, kernel)
      : await this.#fit(entry, pass.name, decomposition, ranks, target, weighing);
    if (isSkip(fit)) return fit;
    const steps = lowerChain(pass.name, operator, decomposition, ranks);
    const weights = steps.map((step) => fromFloat64(stepWeight(step, fit.factors), step.weightDims, operator.dtype));
    const stored = storedFactors(fit.factors, steps, weights);
    const network = networkAt(operator, decomposition, ranks);
    const contraction = await checkContraction(network, fit, stored, kernel, target, weighing, operator.dtype, blas);
    if (contraction.fault) return skip(node, 'check-failed', contraction.fault);
    const executed = await this.#execute(operator, decomposition, ranks, steps, stored, weights, entry.name);
    if (isSkip(executed)) return executed;
    const contracted = moments || this.#reference ? await contract(network, stored, blas) : undefined;
    const judged =
      moments && contracted
        ? await judge(operator, contracted, moments, blas)
        : elsewhere && { bias: elsewhere.bias, outputError: elsewhere.outputError };
    if (contracted)
      this.#replaceInReference(entry.name, operator, kernelTensor(operator, contracted.data), judged?.bias);
    const opset = this.#rewritten.model.opset() ?? 0;
    editGraph(this.#rewritten.model, node, (edit) => emitChain(operator, steps, weights, opset, edit, judged?.bias));
    this.#rewritten.changed();
    return {
      weightError: contraction.weightError,
      outputError: judged?.outputError ?? null,
      fitted: judged ? { method: pass.name, ranks, factors: stored, ...judged } : null,
      exactError: executed,
    };
  }

  /** What the data tell of a node: moments to fit to, or the fit that was made where the data are; neither without data. */
  async #known(
    node: Node,
    name: string,
    pass: string,
    ranks: Ranks,
  ): Promise<{ readonly moments?: Moments; readonly elsewhere?: FittedNode } | Skip> {
    const observed = await this.#observation?.of(name);
    if (!observed) return {};
    if ('unobserved' in observed) return skip(node, 'unobserved', observed.unobserved);
    if ('groups' in observed) return { moments: observed };
    if (sameChoice(observed, pass, ranks)) return { elsewhere: observed };
    return skip(node, 'unobserved', `it was fitted by ${observed.method} with ranks ${JSON.stringify(observed.ranks)}`);
  }

  /** Factors from outside as a fit: how near they are to the kernel is measured here, and must hold. */
  async #fitFrom(
    operator: LinearOperator,
    decomposition: Decomposition,
    ranks: Ranks,
    factors: Factors,
    kernel: RealNdArray,
  ): Promise<Fit | Skip> {
    const network = networkAt(operator, decomposition, ranks);
    try {
      checkFactors(network, factors);
    } catch (cause) {
      return skip(
        operator.node,
        'unobserved',
        `its factors do not fit: ${cause instanceof Error ? cause.message : cause}`,
      );
    }
    return { factors, relativeError: await weightError(network, factors, kernel, this.#environment.blas) };
  }

  get #mode(): FitMode {
    return this.#observation?.calibration.mode ?? 'asymmetric';
  }

  async #fit(
    { name }: PlanNode,
    pass: string,
    decomposition: Decomposition,
    ranks: Ranks,
    { kernel, metric }: FitTarget,
    weighing: OutputWeighing | undefined,
  ): Promise<Fit> {
    const { blas, signal, seed } = this.#environment;
    const effort = this.#observation?.calibration.effort ?? 'normal';
    const context = { blas, signal, effort, seed: nodeSeed(seed, name, pass), ...(metric && { metric }) };
    const make = () => decomposition.fit(kernel, ranks, context);
    // Fits made while planning were made without a metric, or in that of another input.
    const fit = await (metric ? make() : this.#fits.fit(name, pass, ranks, make));
    return weighing ? weighing.fit(fit) : fit;
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

  #replaceInReference(name: string, { node }: LinearOperator, kernel: Tensor, bias: Float64Array | undefined): void {
    const counterpart = this.#referenceNodes.get(name);
    const operator = counterpart && this.#reference && linearOperator(counterpart, this.#reference.context(undefined));
    if (!operator || isSkip(operator) || !this.#reference) return;
    if (operator.node.opType !== node.opType) throw new Error(`${name} is another operator in the reference`);
    replaceKernel(this.#reference.model, operator, `${name}/contracted`, kernel, bias);
  }
}

/** What becomes of a node, apart from why. */
type Outcome = Omit<NodeResult, 'plan' | 'skipped'>;

const untouched: Outcome = { weightError: null, outputError: null, fitted: null, exactError: null };

/** By which files of factors know weights that were fitted anew. */
const leastSquares = 'least-squares';

function keptBy({ skipped }: PlanNode): NonNullable<NodeResult['skipped']> {
  const { code, text } = skipped ?? { code: 'excluded', text: 'the plan keeps it' };
  return { code: code as SkipCode, text };
}

/** W[g, t, s, k…] as the operator's weight. */
function kernelTensor(operator: LinearOperator, data: Float64Array): Tensor {
  const { dims } = constantTensor(operator.weight) as Tensor;
  return fromFloat64(toWeightOrder(operator, data), dims, operator.dtype);
}

/** The bias that goes with a kernel on data, and how near the outputs then come to what was wanted. */
async function judge({ node }: LinearOperator, kernel: NdArray, moments: Moments, blas: Blas) {
  const bias = correctedBias(kernel, moments);
  const { heldBack } = moments;
  const outputError: OutputError = {
    predicted: bounded(await predictedOutputError(kernel, moments, blas)),
    measured: heldBack ? bounded(await heldBackError(kernel, bias, heldBack, blas)) : null,
  };
  const alpha = node.float('alpha', 1);
  return { bias: bias.map((value) => alpha * value), outputError };
}

/** Where the wanted output never varies, no error is relative to anything; reports and files know no infinity. */
function bounded(error: number): number {
  return Math.min(error, Number.MAX_VALUE);
}

function sameChoice({ method, ranks }: FittedNode, pass: string, wanted: Ranks): boolean {
  const names = Object.keys(wanted);
  return (
    method === pass && names.length === Object.keys(ranks).length && names.every((name) => ranks[name] === wanted[name])
  );
}

function byName(workspace: Workspace): ReadonlyMap<string, Node> {
  return new Map([...workspace.names()].map(([node, name]) => [name, node]));
}
