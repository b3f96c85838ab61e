import { cloneModel, type Model, Node, Value } from '../ir/index.ts';

/** What an operator gives, and the type of it. */
export interface Probed {
  readonly node: Node;
  readonly dtype: 'float32' | 'float64';
}

export interface Probe extends Probed {
  /** The output of `watched` that is what the node gives. */
  readonly output: string;
  /** The input of both models that is added to it. */
  readonly error: string;
}

/** A model that takes an error for each of some nodes: what follows reads y + e instead of the node's first output y. */
export interface ProbeModels {
  readonly disturbed: Model;
  /** The same, and returns what the nodes give. */
  readonly watched: Model;
  readonly probes: readonly Probe[];
}

/** Outputs of the model itself are left out: what happens to them needs no model to tell. */
export function probeModels(model: Model, nodes: readonly Probed[]): ProbeModels {
  const { model: disturbed, nodes: copies } = cloneModel(model);
  const { graph } = disturbed;
  const probed = nodes.flatMap(({ node, dtype }) => {
    const copy = copies.get(node);
    const y = copy?.outputs[0];
    if (!copy || !y || graph.isOutput(y) || !graph.nodes.includes(copy)) return [];
    const error = new Value(graph.freshName(`${y.name}/error`), { kind: 'tensor', dtype });
    const sum = new Value(graph.freshName(`${y.name}/disturbed`));
    y.replaceAllUsesWith(sum);
    graph.inputs.push(error);
    graph.insertAfter(copy, new Node({ name: sum.name, opType: 'Add', inputs: [y, error], outputs: [sum] }));
    return [{ y, probe: { node, dtype, output: y.name, error: error.name } }];
  });
  const { model: watched, values } = cloneModel(disturbed);
  for (const { y } of probed) {
    const value = values.get(y);
    if (value) watched.graph.outputs.push(Object.assign(value, { type: undefined }));
  }
  return { disturbed, watched, probes: probed.map(({ probe }) => probe) };
}
