import type { Graph, Value } from '../../src/ir/index.ts';

/** Every value that a graph, not those inside it, lists, makes or reads. */
export function allValues(graph: Graph): Set<Value> {
  const values = new Set<Value>([...graph.inputs, ...graph.initializers]);
  for (const node of graph.nodes) for (const value of [...node.inputs, ...node.outputs]) if (value) values.add(value);
  for (const value of graph.outputs) values.add(value);
  return values;
}
