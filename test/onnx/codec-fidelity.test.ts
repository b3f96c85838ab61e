import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  cloneModel,
  type DType,
  dtypeBits,
  type Model,
  memorySource,
  Node,
  Tensor,
  Value,
  verifyModel,
} from '../../src/ir/index.ts';
import { raiseIrVersion, readModel, writeModel } from '../../src/onnx/index.ts';
import { rawFromTyped, typedFromRaw, typedLayout } from '../../src/onnx/typed-data.ts';
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from '../../src/wire/index.ts';
import { decodeModelProto } from '../../src/wire/index.ts';
import { arbitraryMessage } from './arbitrary-message.ts';
import { bytesOf, floats, node, smallModel, tensorInput } from './model-bytes.ts';

const graphs = ['g', 'graphs', 't', 'tensors', 'sparseTensor', 'sparseTensors', 'dataLocation'];

describe('written from scratch, nothing of the standard is lost:', () => {
  test('any type, doc string and metadata of a value', () => {
    holds(arbitraryMessage('onnx.ValueInfoProto', ['name']), (info: ValueInfoProto) =>
      smallModel({ input: [{ ...info, name: 'x' }], valueInfo: [{ ...info, name: 'h' }] }),
    );
  });

  test('any attribute', () => {
    holds(arbitraryMessage('onnx.AttributeProto', graphs), (attribute: AttributeProto) =>
      smallModel({ node: [node('Relu', ['x'], ['y'], { attribute: [attribute] })] }),
    );
  });

  test('any field of a node', () => {
    holds(arbitraryMessage('onnx.NodeProto', ['input', 'output', 'opType', 'attribute']), (fields: NodeProto) =>
      smallModel({ node: [{ ...fields, opType: 'Relu', input: ['x'], output: ['y'] }] }),
    );
  });

  test('any field of a tensor beside its data, as initializer and as attribute', () => {
    const data = [
      'name',
      'dims',
      'dataType',
      'rawData',
      'floatData',
      'int32Data',
      'int64Data',
      'doubleData',
      'uint64Data',
      'stringData',
      'dataLocation',
    ];
    holds(arbitraryMessage('onnx.TensorProto', data), (fields: TensorProto) => {
      const attribute = [{ name: 'value', type: 4, t: floats('inner', [2], fields) }];
      return smallModel({
        initializer: [floats('w', [3, 2, 3, 3], fields)],
        node: [node('Relu', ['x'], ['y'], { attribute })],
      });
    });
  });

  test('any field of a graph beside its nodes and values', () => {
    const structure = ['node', 'initializer', 'sparseInitializer', 'input', 'output', 'valueInfo'];
    holds(arbitraryMessage('onnx.GraphProto', structure), (fields: GraphProto) => smallModel(fields));
  });

  test('any field of a model, training information included', () => {
    const versions = ['graph', 'functions', 'opsetImport', 'irVersion'];
    holds(arbitraryMessage('onnx.ModelProto', [...versions, ...graphs], 2), (fields: ModelProto) => ({
      ...smallModel(),
      ...fields,
    }));
  });

  test('any field of a function', () => {
    const structure = ['node', 'input', 'output', 'valueInfo', ...graphs];
    holds(arbitraryMessage('onnx.FunctionProto', structure), (fields: FunctionProto) => ({
      ...smallModel(),
      functions: [
        { ...fields, input: ['a'], output: ['b'], node: [node('Relu', ['a'], ['b'])], valueInfo: [{ name: 'b' }] },
      ],
    }));
  });

  test('a value that is described twice, and differently', () => {
    const inner: GraphProto = {
      name: 'i',
      node: [],
      output: [tensorInput('x', [7])],
      valueInfo: [tensorInput('x', [8])],
    };
    const attribute = [{ name: 'body', type: 5, g: inner }];
    const message = smallModel({
      input: [tensorInput('x', [1])],
      output: [tensorInput('y', [2]), tensorInput('x', [3]), tensorInput('x', [4])],
      valueInfo: [
        tensorInput('x', [5]),
        tensorInput('x', [6]),
        tensorInput('y', [2]),
        tensorInput('gone', [1]),
        tensorInput('gone', [1]),
      ],
      node: [node('If', ['x'], ['y'], { attribute })],
    });
    expectSame(message);
    const clone = cloneModel(readModel(bytesOf(message))).model;
    expect(writeModel(clone, { fromScratch: true })).toEqual(bytesOf(message));
  });
});

describe('what nobody touched keeps its bytes when something else changes:', () => {
  test('fields in another order, unpacked data, long varints, unknown fields', () => {
    // The integer 1 in three bytes; its type after it
    const attribute = [0x0a, 1, 0x61, 0x18, 0x81, 0x80, 0x00, 0xa0, 0x01, 2];
    const relu = [0x22, 4, ...Buffer.from('Relu')];
    const nodes = [
      // name, input, output, operator, attribute, and a field of number 99
      [0x1a, 1, 0x6e, 0x0a, 1, 0x78, 0x12, 1, 0x68, ...relu, 0x2a, attribute.length, ...attribute, 0x98, 0x06, 7],
      [...relu, 0x0a, 1, 0x68, 0x12, 1, 0x79],
    ];
    // float_data as two single numbers, its dims packed
    const tensor = [0x42, 1, 0x77, 0x0a, 1, 2, 0x10, 1, 0x25, 0, 0, 128, 63, 0x25, 0, 0, 0, 64];
    const info = [0x1a, 1, 0x64, 0x0a, 1, 0x78];
    const graph = [
      ...nodes.flatMap((item) => [0x0a, item.length, ...item]),
      0x2a,
      tensor.length,
      ...tensor,
      0x5a,
      info.length,
      ...info,
      0x62,
      3,
      0x0a,
      1,
      0x79,
    ];
    const bytes = Uint8Array.from([
      0x42,
      2,
      0x10,
      17,
      0x3a,
      0x80 | (graph.length & 127),
      graph.length >> 7,
      ...graph,
      0x08,
      8,
    ]);
    const model = readModel(bytes);
    expect(writeModel(model)).toEqual(bytes);
    expect(writeModel(model, { fromScratch: true })).not.toEqual(bytes);

    const changed = cloneModel(model).model;
    changed.graph.docString = 'changed';
    const written = Buffer.from(writeModel(changed));
    for (const part of [...nodes, tensor, info]) expect(written.includes(Buffer.from(part))).toBe(true);
    const second = changed.graph.nodes[1];
    if (second) second.name = 'renamed';
    const renamed = Buffer.from(writeModel(changed));
    expect(nodes.map((item) => renamed.includes(Buffer.from(item)))).toEqual([true, false]);
  });

  test('a changed type is written in the place of every description that said the old one', () => {
    const model = readModel(bytesOf(smallModel({ valueInfo: [tensorInput('h', [1])] })));
    const [value] = model.graph.valueInfo;
    if (value) value.type = { kind: 'tensor', dtype: 'float16', shape: [2] };
    expect(decodeModelProto(writeModel(model)).message.graph?.valueInfo?.[0]?.type?.tensorType?.elemType).toBe(10);
  });

  test('undoing a change gives the bytes back', () => {
    const bytes = bytesOf(smallModel());
    const model = readModel(bytes);
    const [first] = model.graph.nodes;
    if (!first) throw new Error('no node');
    first.name = 'changed';
    expect(writeModel(model)).not.toEqual(bytes);
    first.name = 'Conv:h';
    expect(writeModel(model)).toEqual(bytes);
  });
});

describe('names', () => {
  const inner = (graph: GraphProto) => [{ name: 'body', type: 5, g: { name: 'inner', ...graph } }];

  test('of an outer graph are captured, and the node inside counts as a use', () => {
    const body = { node: [node('Relu', ['x'], ['r'])], output: [{ name: 'r' }] };
    const model = readModel(bytesOf(smallModel({ node: [node('If', ['w'], ['y'], { attribute: inner(body) })] })));
    verifyModel(model);
    const [x] = model.graph.inputs;
    expect([...(x?.uses ?? [])].map(({ node: user }) => user.graph?.name)).toEqual(['inner']);
  });

  test('of an inner graph shadow the outer ones, and only there', () => {
    const body = { input: [{ name: 'x' }], node: [node('Relu', ['x'], ['h'])], output: [{ name: 'h' }] };
    const nodes = [node('Loop', ['w'], ['h'], { attribute: inner(body) }), node('Add', ['h', 'x'], ['y'])];
    const model = readModel(bytesOf(smallModel({ node: nodes })));
    verifyModel(model);
    const [x] = model.graph.inputs;
    expect([...(x?.uses ?? [])].map(({ node: user }) => user.opType)).toEqual(['Add']);
    expectSame(smallModel({ node: nodes }));
  });

  test('of a branch are not seen by its sibling', () => {
    const one = { node: [node('Relu', ['x'], ['only'])], output: [{ name: 'only' }] };
    const two = { node: [node('Relu', ['only'], ['r'])], output: [{ name: 'r' }] };
    const attribute = [...inner(one), { name: 'other', type: 5, g: { name: 'two', ...two } }];
    expect(() => readModel(bytesOf(smallModel({ node: [node('If', ['x'], ['y'], { attribute })] })))).toThrow(
      'missing-producer',
    );
  });

  test('may be used before they are defined: nodes stand in any order', () => {
    const model = readModel(
      bytesOf(smallModel({ node: [node('Relu', ['h'], ['y']), node('Conv', ['x', 'w'], ['h'])] })),
    );
    expect(model.graph.nodes[0]?.inputs[0]?.producer?.opType).toBe('Conv');
  });
});

describe('weights', () => {
  test('that are also inputs are one value, and stay listed', () => {
    const message = smallModel({ input: [tensorInput('x', [1]), tensorInput('w', [3, 2, 3, 3])] });
    const model = readModel(bytesOf({ ...message, irVersion: 3n }));
    const [, w] = model.graph.inputs;
    expect(w && model.graph.initializers.has(w)).toBe(true);
    expectSame(message);
  });

  test('of IR 3 leave the inputs when the model becomes IR 4; the interface stays', () => {
    const message = smallModel({ input: [tensorInput('w', [3, 2, 3, 3]), tensorInput('x', [1])] });
    const model = readModel(bytesOf({ ...message, irVersion: 3n }));
    raiseIrVersion(model);
    expect({ ir: model.irVersion, inputs: model.graph.inputs.map(({ name }) => name) }).toEqual({
      ir: 4,
      inputs: ['x'],
    });
    const newer = readModel(bytesOf(message));
    raiseIrVersion(newer);
    expect({ ir: newer.irVersion, inputs: newer.graph.inputs.length }).toEqual({ ir: 8, inputs: 2 });
  });

  test('in sparse form read as dense, by linear and by coordinate index, and are written sparse', () => {
    const values = { name: 'w', dims: [2n], dataType: 1, floatData: [5, 7] };
    const linear = { dims: [2n], dataType: 7, int64Data: [1n, 5n] };
    const coordinates = { dims: [2n, 2n], dataType: 7, int64Data: [0n, 1n, 1n, 2n] };
    for (const indices of [linear, coordinates]) {
      const message = smallModel({ initializer: [], sparseInitializer: [{ values, indices, dims: [2n, 3n] }] });
      const [w] = readModel(bytesOf(message)).graph.initializers;
      expect([...new Float32Array(new Uint8Array(w?.tensor?.bytes() ?? []).buffer)]).toEqual([0, 5, 0, 0, 0, 7]);
      expectSame(message);
    }
  });

  test('in typed fields read as raw_data would, for every type and any bits', () => {
    const dtypes: DType[] = [
      'float32',
      'float64',
      'int32',
      'int16',
      'int8',
      'uint16',
      'uint8',
      'float16',
      'bfloat16',
      'int64',
      'uint32',
      'uint64',
      'complex64',
      'complex128',
      'float8e4m3fn',
      'float8e8m0',
    ];
    for (const dtype of dtypes) {
      const layout = typedLayout(dtype);
      if (!layout) throw new Error(`${dtype} has no typed field`);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 16 }), (bytes) => {
          const whole = bytes.subarray(0, bytes.length - (bytes.length % (dtypeBits(dtype) / 8)));
          const message: TensorProto = { [layout.field]: [typedFromRaw(whole, layout)] };
          expect([...rawFromTyped(message, layout)]).toEqual([...whole]);
        }),
      );
    }
  });

  test('of types with less than a byte per element pass through', () => {
    for (const [dataType, perByte] of [
      [21, 2],
      [22, 2],
      [23, 2],
      [25, 4],
      [26, 4],
    ] as const) {
      const int32Data = [0x21, 0x0f];
      const typed = smallModel({ initializer: [{ name: 'w', dims: [BigInt(2 * perByte - 1)], dataType, int32Data }] });
      expectSame(typed);
      const [w] = readModel(bytesOf(typed)).graph.initializers;
      expect([...(w?.tensor?.bytes() ?? [])]).toEqual(int32Data);
    }
  });
});

test('types that this version does not know pass through, with any data', () => {
  for (const dataType of [27, 28, 99, 0]) {
    expectSame(smallModel({ initializer: [{ name: 'w', dims: [4n], dataType, rawData: Uint8Array.of(1, 2, 3) }] }));
    expectSame(smallModel({ input: [{ name: 'x', type: { tensorType: { elemType: dataType, shape: {} } } }] }));
  }
});

test('what we make is written as ONNX has it: nodes, attributes, raw_data, value_info', () => {
  const model = readModel(bytesOf(smallModel()));
  const { graph } = model;
  const [conv] = graph.nodes;
  const [x] = graph.inputs;
  if (!conv || !x) throw new Error('the small model is another');
  const weight = graph.addInitializer('core', new Tensor('float16', [2, 1], memorySource(Uint8Array.of(0, 60, 0, 64))));
  const between = new Value(graph.freshName('between'), {
    kind: 'tensor',
    dtype: 'float16',
    shape: [1, 'n', undefined],
  });
  graph.insertBefore(conv, [
    new Node({ name: 'made', opType: 'MatMul', inputs: [x, weight, null], outputs: [between] }),
  ]);
  graph.valueInfo.add(between);
  conv.setInput(0, between);
  const written = decodeModelProto(writeModel(model)).message.graph;
  expect(written?.node?.[0]).toMatchObject({
    name: 'made',
    opType: 'MatMul',
    input: ['x', 'core', ''],
    output: ['between'],
  });
  expect(written?.node?.[1]?.input).toEqual(['between', 'w']);
  expect(written?.initializer?.[1]).toMatchObject({
    name: 'core',
    dims: [2n, 1n],
    dataType: 10,
    rawData: Uint8Array.of(0, 60, 0, 64),
  });
  expect(written?.valueInfo?.[0]?.type?.tensorType?.shape?.dim).toMatchObject([
    { dimValue: 1n },
    { dimParam: 'n' },
    {},
  ]);
  expect(readBack(model).graph.nodes.map(({ opType }) => opType)).toEqual(['MatMul', 'Conv', 'Relu']);
});

function readBack(model: Model): Model {
  return readModel(writeModel(model));
}

function holds<Message extends object>(messages: fc.Arbitrary<object>, place: (message: Message) => ModelProto): void {
  fc.assert(
    fc.property(messages, (message) => {
      expectSame(place(message as Message));
    }),
    { numRuns: 150 },
  );
}

function expectSame(message: ModelProto): void {
  const bytes = bytesOf(message);
  const written = writeModel(readModel(bytes), { fromScratch: true });
  if (Buffer.compare(written, bytes) !== 0) {
    expect(decodeModelProto(written).message).toEqual(decodeModelProto(bytes).message);
    expect(Buffer.from(written).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
  }
}
