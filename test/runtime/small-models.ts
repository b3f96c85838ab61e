import {
  type Attribute,
  attribute,
  type DType,
  Graph,
  Model,
  Node,
  type Tensor,
  Value,
  type ValueType,
} from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';

type Port = readonly [name: string, dtype: DType, shape: readonly (number | string)[]];

interface NodeText {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly Attribute[];
}

/** A model from names: nodes in order, inputs, outputs, weights. */
export function smallModel(
  nodes: readonly NodeText[],
  inputs: readonly Port[],
  outputs: readonly Port[],
  weights: Readonly<Record<string, Tensor>> = {},
  opset = 13,
): Uint8Array {
  const graph = new Graph('small');
  const values = new Map<string, Value>();
  const value = (name: string, type?: ValueType) => {
    const found = values.get(name) ?? new Value(name, type);
    values.set(name, found);
    return found;
  };
  const port = ([name, dtype, shape]: Port) => value(name, { kind: 'tensor', dtype, shape });
  graph.inputs.push(...inputs.map(port));
  for (const [name, tensor] of Object.entries(weights)) values.set(name, graph.addInitializer(name, tensor));
  const declared = outputs.map(port);
  for (const { opType, inputs: reads, outputs: makes, attributes = [] } of nodes) {
    graph.append(
      new Node({
        name: `${opType} ${makes.join()}`,
        opType,
        inputs: reads.map((name) => value(name)),
        outputs: makes.map((name) => value(name)),
        attributes,
      }),
    );
  }
  graph.outputs.push(...declared);
  const model = new Model(7, graph);
  model.opsetImports = [{ domain: '', version: opset }];
  return writeModel(model);
}

/** Sum of the square of a matrix of ones whose size is the input: as slow and as large as one likes. */
export function squareModel(): Uint8Array {
  return smallModel(
    [
      { opType: 'ConstantOfShape', inputs: ['size'], outputs: ['zeros'] },
      { opType: 'Cos', inputs: ['zeros'], outputs: ['ones'] },
      { opType: 'MatMul', inputs: ['ones', 'ones'], outputs: ['square'] },
      { opType: 'ReduceMax', inputs: ['square'], outputs: ['result'], attributes: [attribute.int('keepdims', 0)] },
    ],
    [['size', 'int64', [2]]],
    [['result', 'float32', []]],
  );
}

export function size(n: number) {
  return { size: { dtype: 'int64', dims: [2], data: BigInt64Array.of(BigInt(n), BigInt(n)) } } as const;
}

/** y = x, for any type. */
export function identityModel(dtype: DType, shape: readonly (number | string)[]): Uint8Array {
  return smallModel(
    [{ opType: 'Identity', inputs: ['x'], outputs: ['y'] }],
    [['x', dtype, shape]],
    [['y', dtype, shape]],
  );
}
