import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { Node } from '../ir/index.ts';
import type { LinearOperator } from '../pass/index.ts';
import type { Calibration } from './calibration.ts';
import { linearNodes } from './node-names.ts';
import { inOrder, Observation, operatorsByName } from './observation.ts';
import type { Environment, Policy, Workspace } from './workspace.ts';

export interface Visit {
  readonly node: Node;
  /** By which plans know it. */
  readonly name: string;
  /** Open for as long as the visits last; undefined without data. */
  readonly observation: Observation | undefined;
  /** The operator with all its filters; undefined where the node is not seen as one. */
  readonly original: LinearOperator | undefined;
}

/** A model as it is to be planned for, and as it came, canonicalized; the same where no filters have gone. */
export interface Visited {
  readonly workspace: Workspace;
  readonly original: Workspace;
}

/**
 * Asks something about every Conv, ConvTranspose, Gemm and MatMul of a prepared model, in topological order, with data on
 * what the original gives each of them.
 *
 * @returns one answer per operator, in file order
 */
export async function visitOperators<Answer>(
  { workspace, original }: Visited,
  environment: Environment,
  calibration: Calibration | undefined,
  ask: (visit: Visit) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const nodes = namedOperators(workspace);
  const known = new Set(nodes.map(({ name }) => name));
  const originals = operatorsByName(original, known);
  const observation = calibration && (await Observation.open(calibration, original, workspace, known, { alone: true }));
  try {
    const answers = new Map<Node, Answer>();
    for (const { node, name } of topological(nodes, workspace)) {
      environment.signal.throwIfAborted();
      answers.set(node, await ask({ node, name, observation, original: originals.get(name) }));
      environment.onEvent({ kind: 'progress', stage: 'plan', done: answers.size, total: nodes.length, item: name });
    }
    return nodes.map(({ node }) => answers.get(node) as Answer);
  } finally {
    await observation?.close();
  }
}

/** Every Conv, ConvTranspose, Gemm and MatMul, in file order, with the name by which plans know it. */
export function namedOperators(workspace: Workspace): readonly Named[] {
  const nameOf = workspace.names();
  return linearNodes(workspace.model).map((node) => ({ node, name: nameOf.get(node) ?? node.name }));
}

/** @throws usage when the policy sets ranks for a node that does not exist */
export function checkRankNames({ ranks }: Policy, workspace: Workspace): void {
  const known = new Set(namedOperators(workspace).map(({ name }) => name));
  for (const name of Object.keys(ranks))
    if (!known.has(name))
      throw diagnostics.usage(
        `--ranks: there is no Conv, Gemm or MatMul named "${name}"`,
        didYouMean(name, [...known]) ?? '"onnx-tucker inspect" lists the names.',
      );
}

type Named = Pick<Visit, 'node' | 'name'>;

/** Nodes inside subgraphs and functions come last. */
function topological(nodes: readonly Named[], workspace: Workspace): readonly Named[] {
  const listed = new Map(nodes.map((named) => [named.node, named]));
  const ordered = inOrder(workspace).flatMap((node) => listed.get(node) ?? []);
  const placed = new Set(ordered);
  return [...ordered, ...nodes.filter((named) => !placed.has(named))];
}
