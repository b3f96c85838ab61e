import { cloneModel, type DType, type Model, type Node, Tensor, type Value } from '../ir/index.ts';
import { raiseIrVersion } from '../onnx/index.ts';

/** Type of a value that a segment is fed with: dims where all feeds agree. */
export interface FeedType {
  readonly dtype: DType;
  readonly shape: readonly (number | undefined)[] | undefined;
}

/**
 * A stretch of a model as a model of its own.
 *
 * @param nodes what is to run
 * @param inputs values that it is fed with, and their types
 * @param outputs values that it returns
 */
export function cutSegment(
  model: Model,
  nodes: ReadonlySet<Node>,
  inputs: ReadonlyMap<Value, FeedType>,
  outputs: readonly Value[],
): Model {
  const clone = cloneModel(model);
  const segment = clone.model;
  const copied = <Key>(map: ReadonlyMap<Key, Key>, key: Key): Key => {
    const copy = map.get(key);
    if (copy === undefined) throw new Error('cutSegment: a node or value is not of this model');
    return copy;
  };
  // Without the bytes it was read from: they are the whole model's, and comparing with them takes longer than writing.
  segment.extras = { ...segment.extras };
  raiseIrVersion(segment);
  const { graph } = segment;
  const kept = new Set([...nodes].map((node) => copied(clone.nodes, node)));
  graph.filter((node) => kept.has(node));
  graph.valueInfo.clear();
  graph.inputs.length = 0;
  for (const [value, { dtype, shape }] of inputs) {
    const input = copied(clone.values, value);
    input.type = { kind: 'tensor', dtype, ...(shape && { shape }) };
    graph.inputs.push(input);
  }
  graph.outputs.length = 0;
  for (const value of outputs) {
    const output = copied(clone.values, value);
    // What the file says of it may be true for another batch size only.
    output.type = undefined;
    graph.outputs.push(output);
  }
  for (const value of [...graph.initializers]) {
    if (value.uses.size === 0) graph.initializers.delete(value);
    else if (value.tensor?.source.storage === 'external') value.tensor = inline(value.tensor);
  }
  return segment;
}

/** External data belong to the folder of the model, and the segment has none. */
function inline(tensor: Tensor): Tensor {
  const { byteLength } = tensor.source;
  return new Tensor(tensor.dtype, tensor.dims, { read: () => tensor.bytes(), byteLength, storage: 'memory' });
}
