// y = f(x), y read by nobody → ∅, and the same for initializers
import { captures, definePass, type Graph, type Node, type Value } from 'onnx-tucker/pass';
import { z } from 'zod';

export default definePass({
  name: 'eliminate-dead-nodes',
  kind: 'cleanup',
  summary: 'remove nodes and initializers that no output depends on',
  options: z.strictObject({}),
  run(graph, edit, { model }) {
    const live = liveValues(graph);
    const isLive = (node: Node) => node.outputs.some((value) => value !== null && live.has(value));
    for (const node of graph.nodes) if (!isLive(node)) edit.remove(node);
    for (const value of graph.initializers) {
      const overridable = model.irVersion >= 4 && graph.isInput(value);
      if (!live.has(value) && !overridable) edit.removeInitializer(value);
    }
  },
});

/**
 * Values that an output of the graph depends on, through captures of subgraphs as well. What stands in a subgraph of a
 * dead node counts as little as the node.
 */
function liveValues(graph: Graph): ReadonlySet<Value> {
  const live = new Set<Value>();
  const pending: (Value | null)[] = [...graph.outputs];
  while (pending.length > 0) {
    const value = pending.pop();
    if (!value || live.has(value)) continue;
    live.add(value);
    if (value.producer) pending.push(...value.producer.inputs, ...captures(value.producer));
  }
  return live;
}
