import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import type { Value } from './value.ts';

export type TopologicalOrder =
  | { readonly nodes: readonly Node[]; readonly cycle?: never }
  /** Nodes that feed each other in a ring, in the direction of the data. */
  | { readonly nodes?: never; readonly cycle: readonly Node[] };

/**
 * The nodes of a graph so that each comes after those that feed it, subgraph captures included. A list that is in
 * order already comes back as it was. Depth-first without recursion: graphs of a million nodes are chains.
 */
export function topologicalOrder(graph: Graph): TopologicalOrder {
  const order: Node[] = [];
  const done = new Set<Node>();
  const open = new Set<Node>();
  for (const root of graph.nodes) {
    if (done.has(root)) continue;
    const stack = [{ node: root, predecessors: predecessors(root), next: 0 }];
    open.add(root);
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      const from = frame.predecessors[frame.next++];
      if (!from) {
        open.delete(frame.node);
        done.add(frame.node);
        order.push(frame.node);
        stack.pop();
      } else if (open.has(from)) {
        const path = stack.map(({ node }) => node);
        return { cycle: [from, ...path.slice(path.indexOf(from) + 1).reverse()] };
      } else if (!done.has(from)) {
        open.add(from);
        stack.push({ node: from, predecessors: predecessors(from), next: 0 });
      }
    }
  }
  return { nodes: order };
}

/** Nodes of the same graph whose outputs `node`, or a subgraph of it, reads; each as often as it is read. */
export function predecessors(node: Node): readonly Node[] {
  const found: Node[] = [];
  const add = (value: Value | null) => {
    if (value?.producer && value.producer.graph === node.graph) found.push(value.producer);
  };
  node.inputs.forEach(add);
  for (const graph of node.subgraphs) forEachRead(graph, add);
  return found;
}

/** Values that the subgraphs of `node` read and do not define themselves, each once. */
export function captures(node: Node): ReadonlySet<Value> {
  const captured = new Set<Value>();
  for (const graph of node.subgraphs) {
    const defined = definedIn(graph);
    forEachRead(graph, (value) => {
      if (!defined.has(value)) captured.add(value);
    });
  }
  return captured;
}

/** All values that nodes and outputs of `graph` and of the graphs inside it read. */
function forEachRead(graph: Graph, visit: (value: Value) => void): void {
  graph.outputs.forEach(visit);
  for (const node of graph.nodes) {
    for (const value of node.inputs) if (value) visit(value);
    for (const inner of node.subgraphs) forEachRead(inner, visit);
  }
}

function definedIn(graph: Graph, defined = new Set<Value>()): Set<Value> {
  for (const value of [...graph.inputs, ...graph.initializers]) defined.add(value);
  for (const node of graph.nodes) {
    for (const value of node.outputs) if (value) defined.add(value);
    for (const inner of node.subgraphs) definedIn(inner, defined);
  }
  return defined;
}
