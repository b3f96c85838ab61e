import type { AttributeValue, Graph, Model, Tensor, Value } from '../../src/ir/index.ts';

/** All that a model says, as plain data in order, for comparison: values by name, tensors by their bytes. */
export function plainModel(model: Model): unknown {
  return {
    irVersion: model.irVersion,
    opsetImports: model.opsetImports.map(({ domain, version }) => ({ domain, version })),
    graph: plainGraph(model.graph),
    functions: model.functions.map(({ domain, name, body }) => ({ domain, name, body: plainGraph(body) })),
  };
}

function plainGraph(graph: Graph): unknown {
  return {
    name: graph.name,
    docString: graph.docString,
    parent: graph.parent?.name,
    inputs: graph.inputs.map(plainValue),
    outputs: graph.outputs.map(plainValue),
    initializers: [...graph.initializers].map(plainValue),
    valueInfo: [...graph.valueInfo].map(plainValue),
    nodes: graph.nodes.map((node) => ({
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      docString: node.docString,
      inputs: node.inputs.map((value) => value && plainValue(value)),
      outputs: node.outputs.map((value) => value && plainValue(value)),
      attributes: [...node.attributes].map(([key, { name, value }]) => ({ key, name, value: plainAttribute(value) })),
    })),
  };
}

function plainValue(value: Value): unknown {
  const { name, type, docString, tensor, producer, uses } = value;
  return {
    name,
    type,
    docString,
    tensor: tensor && plainTensor(tensor),
    producer: producer?.outputs.indexOf(value),
    uses: uses.size,
  };
}

function plainTensor({ dtype, dims, source }: Tensor): unknown {
  return { dtype, dims, bytes: Buffer.from(source.read()).toString('hex') };
}

function plainAttribute(value: AttributeValue): unknown {
  switch (value.kind) {
    case 'graph':
      return { kind: value.kind, value: plainGraph(value.value) };
    case 'graphs':
      return { kind: value.kind, value: value.value.map(plainGraph) };
    case 'tensor':
      return { kind: value.kind, value: plainTensor(value.value) };
    case 'tensors':
      return { kind: value.kind, value: value.value.map(plainTensor) };
    case 'string':
      return { kind: value.kind, value: [...value.value] };
    case 'strings':
      return { kind: value.kind, value: value.value.map((item) => [...item]) };
    default:
      return value;
  }
}
