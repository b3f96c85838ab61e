// y = f(x), y read by nobody → ∅, and the same for initializers
import { captures, definePass, type Graph, type Node, type Value } from 'onnx-tucker/pass';
import { z } from 'zod';

export default definePass({
  name: 'eliminate-dead-nodes',
  kind: 'cleanup',
  summary: 'remove nodes and initializers that no output depends on',
  options: z.strictObject({}),
  run(graph, edit, { model }) {
    const live = liveNodes(graph);
    for (const node of graph.nodes) if (!live.has(node)) edit.remove(node);
    for (const value of graph.initializers) {
      const overridable = model.irVersion >= 4 && graph.isInput(value);
      const read = [...value.uses].some(({ node }) => node.graph !== graph || live.has(node));
      if (!read && !overridable && !graph.isOutput(value)) edit.removeInitializer(value);
    }
  },
});

/** Nodes that an output of the graph depends on, through captures of subgraphs as well. */
function liveNodes(graph: Graph): ReadonlySet<Node> {
  const live = new Set<Node>();
  const pending: (Value | null)[] = [...graph.outputs];
  while (pending.length > 0) {
    const producer = pending.pop()?.producer;
    if (!producer || live.has(producer)) continue;
    live.add(producer);
    pending.push(...producer.inputs, ...captures(producer));
  }
  return live;
}
