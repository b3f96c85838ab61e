import type { Graph, Model, Node } from '../ir/index.ts';

/**
 * The name by which plans and reports know a node: its own where that is unique, otherwise its first output's, which
 * always is.
 */
export function nodeNames(model: Model): ReadonlyMap<Node, string> {
  const nodes = [...allNodes(model.graph)];
  const counts = new Map<string, number>();
  for (const { name } of nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const nameOf = (node: Node) => (node.name && counts.get(node.name) === 1 ? node.name : (node.outputs[0]?.name ?? node.name));
  return new Map(nodes.map((node) => [node, nameOf(node)]));
}

/** Nodes of the graph and of all graphs inside it, in file order. */
export function* allNodes(graph: Graph): Generator<Node> {
  const pending = [graph];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const node of next.nodes) {
      yield node;
      pending.push(...node.subgraphs);
    }
  }
}
