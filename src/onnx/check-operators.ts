import { diagnostics } from '../diagnostics.ts';
import type { Graph, Model, Node } from '../ir/index.ts';

const windowed = ['Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'LpPool'] as const;

/**
 * Refuses attributes and weights that give an operator no meaning, which other tools let through or compute nonsense
 * from: steps of a window that do not move it, empty windows, no groups, no channels.
 *
 * @throws invalid-operator (3), naming the node
 */
export function checkOperators(model: Model): void {
  const pending: Graph[] = [model.graph, ...model.functions.map(({ body }) => body)];
  for (let graph = pending.pop(); graph; graph = pending.pop()) {
    for (const node of graph.nodes) {
      if (node.is(...windowed)) checkWindow(node);
      if (node.is('Conv', 'ConvTranspose')) checkChannels(node);
      pending.push(...node.subgraphs);
    }
  }
}

function checkWindow(node: Node): void {
  for (const name of ['strides', 'dilations', 'kernel_shape']) {
    const values = node.ints(name) ?? [];
    if (values.some((value) => value < 1)) throw invalid(node, `${name} [${values.join(', ')}] must be at least 1`);
  }
}

function checkChannels(node: Node): void {
  const group = node.int('group') ?? 1;
  if (group < 1) throw invalid(node, `group ${group} must be at least 1`);
  const weight = node.inputs[1];
  const dims = weight?.tensor?.dims;
  if (dims?.includes(0)) throw invalid(node, `the weight ${weight?.name} has zero channels: dims [${dims.join(', ')}]`);
}

function invalid(node: Node, message: string) {
  const name = node.name || (node.outputs[0]?.name ?? '');
  return diagnostics.invalidModel('invalid-operator', `${node.opType}: ${message}`, { node: name });
}
