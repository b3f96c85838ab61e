import { DiagnosticError } from '../diagnostics.ts';
import { type Node, topologicalOrder } from '../ir/index.ts';
import { elementCount, type KernelSizes, restrictMoments } from '../numerics/index.ts';
import { isSkip, type LinearOperator, linearOperator } from '../pass/index.ts';
import { type Calibration, type Observed, type Observer, type OperatorPair, originalAlone } from './calibration.ts';
import type { Workspace } from './workspace.ts';

/** An open calibration: what is known of each node by name. */
export class Observation {
  readonly calibration: Calibration;
  readonly #observer: Observer;
  readonly #pairs: ReadonlyMap<string, OperatorPair>;
  #last: { readonly name: string; readonly observed: Promise<Observed> } | undefined;

  private constructor(calibration: Calibration, observer: Observer, pairs: readonly OperatorPair[]) {
    this.calibration = calibration;
    this.#observer = observer;
    this.#pairs = new Map(pairs.map((pair) => [pair.name, pair]));
  }

  /**
   * @param rewritten changes between observations
   * @param original stays as it is; the same workspace observes one model alone
   * @param names of the nodes that will be asked for
   * @param alone only the original runs: what is told of the other's operators is what they would be given there
   */
  static async open(
    calibration: Calibration,
    original: Workspace,
    rewritten: Workspace,
    names: ReadonlySet<string>,
    { alone = original === rewritten }: { readonly alone?: boolean } = {},
  ): Promise<Observation> {
    const pairs = pairsOf(original, rewritten, names);
    const models = { original: original.model, rewritten: rewritten.model, pairs };
    const observer = await calibration.open(alone ? originalAlone(models) : models);
    return new Observation(calibration, observer, pairs);
  }

  /**
   * What is known of one node, before it is rewritten. Nodes are asked for in topological order, each as often as one likes
   * before the next. A model that ONNX Runtime does not run cannot be observed.
   */
  of(name: string): Promise<Observed> {
    if (this.#last?.name !== name) this.#last = { name, observed: this.#observe(name) };
    return this.#last.observed;
  }

  async #observe(name: string): Promise<Observed> {
    const pair = this.#pairs.get(name);
    if (!pair) return { unobserved: 'it is no linear operator in both models' };
    try {
      return ofKept(await this.#observer.observe(pair), pair);
    } catch (cause) {
      if (!(cause instanceof DiagnosticError) || cause.diagnostic.code !== 'runtime-rejected') throw cause;
      return { unobserved: cause.diagnostic.message };
    }
  }

  close(): Promise<void> {
    return this.#observer.close();
  }
}

/** Moments of all channels of the original, as those of what is left. */
function ofKept(observed: Observed, { original, rewritten, kept }: OperatorPair): Observed {
  if (!kept || !('groups' in observed)) return observed;
  const [from, to] = [kernelSizes(original), kernelSizes(rewritten)];
  const isWhole =
    observed.groups.length === from.groups &&
    observed.groups[0]?.meanX.length === from.inputs * from.positions &&
    observed.groups[0]?.meanY.length === from.outputs;
  return isWhole ? restrictMoments(observed, from, to, kept) : observed;
}

function kernelSizes({ groups, outputs, inputs, kernelShape }: LinearOperator): KernelSizes {
  return { groups, outputs, inputs, positions: elementCount(kernelShape) };
}

function pairsOf(original: Workspace, rewritten: Workspace, names: ReadonlySet<string>): readonly OperatorPair[] {
  const counterparts = operatorsByName(original, names);
  const operators = original === rewritten ? counterparts : operatorsByName(rewritten, names);
  return [...operators].flatMap(([name, operator]) => {
    const counterpart = counterparts.get(name);
    const kept = rewritten.kept(operator.node);
    return counterpart ? [{ name, original: counterpart, rewritten: operator, kept }] : [];
  });
}

/** In topological order. */
export function operatorsByName(workspace: Workspace, names: ReadonlySet<string>): ReadonlyMap<string, LinearOperator> {
  const nameOf = workspace.names();
  const operators = new Map<string, LinearOperator>();
  for (const node of inOrder(workspace)) {
    const name = nameOf.get(node);
    if (name === undefined || !names.has(name)) continue;
    const operator = linearOperator(node, workspace.context(undefined));
    if (operator !== null && !isSkip(operator)) operators.set(name, operator);
  }
  return operators;
}

/** The main graph's nodes so that each comes after those that feed it. */
export function inOrder({ model }: Workspace): readonly Node[] {
  return topologicalOrder(model.graph).nodes ?? [];
}
