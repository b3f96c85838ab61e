import {
  concatenate,
  encodeModelProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../src/wire/index.ts';

/** Bytes of a message, for tests that need a file that no exporter would write. */
export function bytesOf(message: ModelProto): Uint8Array {
  return concatenate(encodeModelProto(message));
}

export function modelOf(graph: GraphProto, more: ModelProto = {}): ModelProto {
  return { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph: { name: 'g', ...graph }, ...more };
}

export function floats(name: string, dims: readonly number[], more: TensorProto = {}): TensorProto {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { name, dims: dims.map(BigInt), dataType: 1, rawData: new Uint8Array(size * 4).fill(size), ...more };
}

export function node(opType: string, input: string[], output: string[], more: NodeProto = {}): NodeProto {
  return { opType, input, output, name: `${opType}:${output.join()}`, ...more };
}

export function tensorInput(name: string, dims: readonly number[]) {
  return {
    name,
    type: { tensorType: { elemType: 1, shape: { dim: dims.map((dim) => ({ dimValue: BigInt(dim) })) } } },
  };
}

/** x → Conv(w) → Relu → y, with everything about it in order. */
export function smallModel(more: GraphProto = {}): ModelProto {
  return modelOf({
    input: [tensorInput('x', [1, 2, 5, 5])],
    output: [tensorInput('y', [1, 3, 3, 3])],
    initializer: [floats('w', [3, 2, 3, 3])],
    node: [node('Conv', ['x', 'w'], ['h']), node('Relu', ['h'], ['y'])],
    ...more,
  });
}
