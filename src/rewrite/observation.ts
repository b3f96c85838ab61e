import { DiagnosticError } from '../diagnostics.ts';
import { type Node, topologicalOrder } from '../ir/index.ts';
import { isSkip, type LinearOperator, linearOperator } from '../pass/index.ts';
import type { Calibration, Observed, Observer, OperatorPair } from './calibration.ts';
import type { Workspace } from './workspace.ts';

/** An open calibration: what is known of each node by name. */
export class Observation {
  readonly calibration: Calibration;
  readonly #observer: Observer;
  readonly #pairs: ReadonlyMap<string, OperatorPair>;

  private constructor(calibration: Calibration, observer: Observer, pairs: readonly OperatorPair[]) {
    this.calibration = calibration;
    this.#observer = observer;
    this.#pairs = new Map(pairs.map((pair) => [pair.name, pair]));
  }

  /**
   * @param rewritten changes between observations
   * @param original stays as it is; the same workspace observes one model alone
   * @param names of the nodes that will be asked for
   */
  static async open(
    calibration: Calibration,
    original: Workspace,
    rewritten: Workspace,
    names: ReadonlySet<string>,
  ): Promise<Observation> {
    const pairs = pairsOf(original, rewritten, names);
    const observer = await calibration.open({ original: original.model, rewritten: rewritten.model, pairs });
    return new Observation(calibration, observer, pairs);
  }

  /**
   * What is known of one node, before it is rewritten. Nodes are asked for in topological order. A model that ONNX Runtime
   * does not run cannot be observed.
   */
  async of(name: string): Promise<Observed> {
    const pair = this.#pairs.get(name);
    if (!pair) return { unobserved: 'it is no linear operator in both models' };
    try {
      return await this.#observer.observe(pair);
    } catch (cause) {
      if (!(cause instanceof DiagnosticError) || cause.diagnostic.code !== 'runtime-rejected') throw cause;
      return { unobserved: cause.diagnostic.message };
    }
  }

  close(): Promise<void> {
    return this.#observer.close();
  }
}

function pairsOf(original: Workspace, rewritten: Workspace, names: ReadonlySet<string>): readonly OperatorPair[] {
  const counterparts = operatorsByName(original, names);
  const operators = original === rewritten ? counterparts : operatorsByName(rewritten, names);
  return [...operators].flatMap(([name, operator]) => {
    const counterpart = counterparts.get(name);
    return counterpart ? [{ name, original: counterpart, rewritten: operator }] : [];
  });
}

/** In topological order. */
function operatorsByName(workspace: Workspace, names: ReadonlySet<string>): ReadonlyMap<string, LinearOperator> {
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
