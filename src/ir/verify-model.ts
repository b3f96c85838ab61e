import { diagnostics } from '../diagnostics.ts';
import type { Graph } from './graph.ts';
import type { Model } from './model.ts';
import type { Node } from './node.ts';
import { topologicalOrder } from './topological-order.ts';
import type { Value } from './value.ts';

/**
 * Refuses a model that is not a program: what it computes would depend on who runs it. Nodes may stand in any order,
 * as ONNX Runtime allows; a name may shadow one of an outer graph as long as every read means the nearest definition.
 *
 * Checked, with the code thrown (exit 3, naming node and tensor):
 * 1. one definition per name and graph: input, initializer or node output (`duplicate-definition`);
 * 2. every value read or returned is defined in its graph or an enclosing one (`missing-producer`);
 * 3. and is the one that its name means there (`out-of-scope`);
 * 4. no node waits for itself, by way of subgraphs included (`cycle`).
 *
 * That producers, uses, owners and parents agree with the nodes is our own invariant: when broken, it is an internal
 * error. One sweep; recursion only over nested graphs, whose depth the reader limits.
 */
export function verifyModel(model: Model): void {
  const reads = new Map<Value, number>();
  for (const graph of [model.graph, ...model.functions.map(({ body }) => body)]) verifyGraph(graph, undefined, reads);
  checkUses(reads);
}

/** Names defined in a graph, and the scope around it. */
interface Scope {
  readonly names: ReadonlyMap<string, Value>;
  readonly outer: Scope | undefined;
}

function verifyGraph(graph: Graph, outer: Scope | undefined, reads: Map<Value, number>): void {
  const scope: Scope = { names: definitions(graph), outer };
  for (const node of graph.nodes) {
    if (node.graph !== graph) throw broken(`node ${label(node)} does not know its graph`);
    for (const value of node.inputs) {
      if (!value) continue;
      checkRead(value, scope, node);
      reads.set(value, (reads.get(value) ?? 0) + 1);
    }
    for (const inner of node.subgraphs) {
      if (inner.parent !== graph) throw broken(`a subgraph of node ${label(node)} does not know its parent`);
      verifyGraph(inner, scope, reads);
    }
  }
  for (const value of graph.outputs) checkRead(value, scope, undefined);
  checkAcyclic(graph);
}

function definitions(graph: Graph): Map<string, Value> {
  const names = new Map<string, Value>();
  const define = (value: Value, node?: Node) => {
    if (names.has(value.name)) throw diagnostics.duplicateDefinition(value.name, node && label(node));
    names.set(value.name, value);
  };
  for (const value of graph.inputs) define(value);
  for (const value of graph.initializers) {
    // Up to IR 3 an initializer is also an input, and later it may be: one value, listed twice.
    if (names.get(value.name) !== value) define(value);
    if (!value.tensor) throw broken(`initializer ${value.name} has no tensor`);
  }
  for (const node of graph.nodes) {
    for (const value of node.outputs) {
      if (!value) continue;
      define(value, node);
      if (value.producer !== node) throw broken(`value ${value.name} does not know its producer ${label(node)}`);
    }
  }
  return names;
}

function checkRead(value: Value, scope: Scope, reader: Node | undefined): void {
  let found: Value | undefined;
  for (let at: Scope | undefined = scope; at && !found; at = at.outer) found = at.names.get(value.name);
  if (found === value) return;
  const node = reader && label(reader);
  if (found || value.producer) throw diagnostics.outOfScope(value.name, node);
  throw diagnostics.missingProducer(value.name, node);
}

function checkAcyclic(graph: Graph): void {
  const { cycle } = topologicalOrder(graph);
  if (cycle) throw diagnostics.cycle(cycle.map(label));
}

/** Compares how often each value is read with the uses that it remembers. */
function checkUses(reads: ReadonlyMap<Value, number>): void {
  for (const [value, count] of reads) {
    for (const { node, index } of value.uses) {
      if (node.inputs[index] !== value) throw broken(`value ${value.name} remembers a use that is not there`);
    }
    if (value.uses.size !== count) {
      throw broken(`value ${value.name} is read ${count} times and remembers ${value.uses.size}`);
    }
  }
}

/** A node's name, or for nodes without one what it computes. */
export function label(node: Node): string {
  return node.name || `${node.opType} → ${node.outputs.find((value) => value)?.name ?? ''}`;
}

function broken(message: string): Error {
  return new Error(`broken graph: ${message}`);
}
