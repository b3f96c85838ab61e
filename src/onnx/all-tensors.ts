import type { Graph, Model, Tensor } from '../ir/index.ts';

/** Every tensor of a model that may have data of its own, once, in the order in which they are written. */
export function allTensors(model: Model): Set<Tensor> {
  const tensors = new Set<Tensor>();
  for (const graph of [model.graph, ...model.functions.map(({ body }) => body)]) collect(graph, tensors);
  return tensors;
}

function collect(graph: Graph, tensors: Set<Tensor>): void {
  for (const node of graph.nodes) {
    for (const { value } of node.attributes.values()) {
      if (value.kind === 'tensor') tensors.add(value.value);
      if (value.kind === 'tensors') for (const tensor of value.value) tensors.add(tensor);
    }
    for (const inner of node.subgraphs) collect(inner, tensors);
  }
  for (const { tensor } of graph.initializers) if (tensor) tensors.add(tensor);
}
