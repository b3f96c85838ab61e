import { describe, expect, test } from '@jest/globals';
import { DiagnosticError } from '../../src/diagnostics.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import type { GraphProto, TensorProto } from '../../src/wire/index.ts';
import { bytesOf, floats, modelOf, node, smallModel, tensorInput } from './model-bytes.ts';

const w = (more: TensorProto): GraphProto => ({ initializer: [floats('w', [3, 2, 3, 3], more)] });

/** What is wrong, and the code and exit status that it must get. */
const cases: readonly (readonly [string, GraphProto, string])[] = [
  [
    'two initializers of one name',
    { initializer: [floats('w', [3, 2, 3, 3]), floats('w', [1])] },
    'duplicate-definition',
  ],
  [
    'two nodes that define one value',
    { node: [node('Relu', ['x'], ['y']), node('Relu', ['x'], ['y'])] },
    'duplicate-definition',
  ],
  ['a node that defines a value twice', { node: [node('Split', ['x'], ['y', 'y'])] }, 'duplicate-definition'],
  ['a node that defines an initializer', { node: [node('Relu', ['x'], ['w'])], output: [] }, 'duplicate-definition'],
  ['two inputs of one name', { input: [tensorInput('x', [1]), tensorInput('x', [1])] }, 'duplicate-definition'],
  ['a missing initializer', { initializer: [] }, 'missing-producer'],
  ['an output that nothing defines', { output: [tensorInput('z', [1])] }, 'missing-producer'],
  ['raw_data that is too short', w({ rawData: new Uint8Array(8) }), 'tensor-data-size'],
  ['raw_data that is too long', w({ rawData: new Uint8Array(1000) }), 'tensor-data-size'],
  ['too few float_data', { initializer: [{ name: 'w', dims: [2n], dataType: 1, floatData: [1] }] }, 'tensor-data-size'],
  [
    'data in the field of another type',
    { initializer: [{ name: 'w', dims: [1n], dataType: 1, int64Data: [1n] }] },
    'tensor-data-size',
  ],
  ['no data at all', { initializer: [{ name: 'w', dims: [2n], dataType: 1 }] }, 'tensor-data-size'],
  [
    'strings in raw_data',
    { initializer: [{ name: 'w', dims: [1n], dataType: 8, rawData: new Uint8Array(1) }] },
    'tensor-data-size',
  ],
  ['data twice', w({ floatData: [1] }), 'tensor-data-twice'],
  ['a negative dim', w({ dims: [-3n, 2n] }), 'invalid-dims'],
  ['a dim that is no safe integer', w({ dims: [2n ** 60n, 0n], rawData: new Uint8Array() }), 'invalid-dims'],
  ['an initializer without a name', { initializer: [floats('', [1])] }, 'value-without-name'],
  ['a node without an operator', { node: [{ input: ['x'], output: ['y'] }] }, 'node-without-operator'],
  [
    'an attribute twice',
    {
      node: [
        node('Relu', ['x'], ['y'], {
          attribute: [
            { name: 'a', i: 1n, type: 2 },
            { name: 'a', i: 1n, type: 2 },
          ],
        }),
      ],
    },
    'duplicate-attribute',
  ],
  [
    'external data without a location',
    { initializer: [{ name: 'w', dims: [2n], dataType: 1, dataLocation: 1 }] },
    'external-data-invalid',
  ],
  ['external data of the wrong length', external({ length: '10' }), 'external-data-invalid'],
  ['a negative external offset', external({ offset: '-8' }), 'external-data-invalid'],
  ['an external offset that is no number', external({ offset: '1e3' }), 'external-data-invalid'],
  ['an external length of 10^30', external({ length: `1${'0'.repeat(30)}` }), 'external-data-invalid'],
  ['sparse indices that do not fit', sparse([1n], 2), 'sparse-tensor-invalid'],
];

describe('readModel refuses', () => {
  test.each(cases)('%s', (_, graph, code) => {
    const caught = diagnosticOf(() => readModel(bytesOf(smallModel(graph))));
    expect({ code: caught?.code, exitCode: caught?.exitCode }).toEqual({ code, exitCode: 3 });
  });

  test('a file without a graph', () => {
    expect(diagnosticOf(() => readModel(new Uint8Array()))?.code).toBe('not-a-model');
    expect(diagnosticOf(() => readModel(Buffer.from('PK\u0003\u0004 this is a zip file')))?.code).toBe('not-a-model');
  });

  test('every cut-off file, naming the byte, or reads what is left of it', () => {
    const bytes = bytesOf(smallModel());
    let refused = 0;
    for (let length = 0; length < bytes.byteLength; length++) {
      const caught = diagnosticOf(() => readModel(bytes.subarray(0, length)));
      if (!caught) continue;
      refused++;
      expect(caught.exitCode).toBe(3);
      if (caught.code === 'not-a-model') expect(caught.where?.byte).toBeLessThanOrEqual(length);
    }
    // Only a cut between fields of the model itself can go unnoticed.
    expect(refused).toBeGreaterThan(bytes.byteLength - 12);
  });

  test('an external tensor that is read without its folder, but not the model', () => {
    const graph = external({});
    const model = readModel(bytesOf(smallModel(graph)));
    const [value] = model.graph.initializers;
    expect(diagnosticOf(() => value?.tensor?.bytes())?.code).toBe('external-data-unavailable');
  });

  test('external data in training information, where nobody would look after it', () => {
    const initialization = { name: 't', initializer: [floats('t', [1], { dataLocation: 1 })] };
    const caught = diagnosticOf(() => readModel(bytesOf(modelOf({}, { trainingInfo: [{ initialization }] }))));
    expect(caught?.code).toBe('external-data-unsupported');
  });
});

describe('limits are counted before anything is made', () => {
  const limits = { nodes: 10, initializers: 5, depth: 4, nameBytes: 50, elements: 100, messages: 200 };
  const many = <Item>(count: number, make: (index: number) => Item) =>
    Array.from({ length: count }, (_, index) => make(index));
  const chain = (count: number) => many(count, (index) => node('Relu', [index ? `v${index}` : 'x'], [`v${index + 1}`]));
  const nested = (depth: number): GraphProto =>
    depth === 1
      ? { node: [] }
      : { node: [{ opType: 'If', attribute: [{ name: 'b', type: 5, g: nested(depth - 1) }] }] };
  const base = (graph: GraphProto) => ({ input: [tensorInput('x', [1])], ...graph });

  const pairs: [string, GraphProto, GraphProto][] = [
    ['nodes', base({ node: chain(10) }), base({ node: chain(11) })],
    [
      'initializers',
      { initializer: many(5, (i) => floats(`w${i}`, [1])) },
      { initializer: many(6, (i) => floats(`w${i}`, [1])) },
    ],
    ['depth', nested(4), nested(5)],
    ['name', { name: 'n'.repeat(50) }, { name: 'n'.repeat(51) }],
    ['elements', { initializer: [floats('w', [10, 10])] }, { initializer: [floats('w', [101])] }],
    ['messages', { metadataProps: many(190, () => ({})) }, { metadataProps: many(210, () => ({})) }],
  ];

  test.each(pairs)('%s', (_, allowed, refused) => {
    expect(() => readModel(bytesOf(modelOf(allowed)), { limits })).not.toThrow();
    const caught = diagnosticOf(() => readModel(bytesOf(modelOf(refused)), { limits }));
    expect({ code: caught?.code, exitCode: caught?.exitCode }).toEqual({ code: 'limit-exceeded', exitCode: 8 });
  });

  test('33 graphs inside each other are read and written, 34 are not, and the limit can be raised', () => {
    expect(() => readModel(bytesOf(modelOf(nested(33))))).not.toThrow();
    expect(diagnosticOf(() => readModel(bytesOf(modelOf(nested(34)))))?.code).toBe('limit-exceeded');
    const deep = bytesOf(modelOf(nested(500)));
    expect(writeModel(readModel(deep, { limits: { depth: 500 } }), { fromScratch: true })).toEqual(deep);
    // Beyond that the stack would end first: the limit cannot be raised further.
    const deeper = bytesOf(modelOf(nested(600)));
    expect(diagnosticOf(() => readModel(deeper, { limits: { depth: 1_000_000 } }))?.code).toBe('limit-exceeded');
  });

  test('4 MB of empty nodes are refused in less than 64 MB', () => {
    const empty = new Uint8Array(4_000_000).map((_, index) => (index % 2 === 0 ? 0x0a : 0));
    const bytes = Buffer.concat([Uint8Array.of(0x3a, 0x80, 0x92, 0xf4, 0x01), empty]);
    const before = process.memoryUsage().rss;
    expect(diagnosticOf(() => readModel(bytes))?.code).toBe('limit-exceeded');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  });
});

function external(entries: Record<string, string>): GraphProto {
  const all: Record<string, string> = { location: 'weights.bin', ...entries };
  const externalData = Object.entries(all).map(([key, value]) => ({ key, value }));
  return { initializer: [{ name: 'w', dims: [3n, 2n, 3n, 3n], dataType: 1, dataLocation: 1, externalData }] };
}

function sparse(indices: bigint[], count: number): GraphProto {
  const values = floats('w', [count]);
  const positions = { dims: [BigInt(indices.length)], dataType: 7, int64Data: indices };
  return { initializer: [], sparseInitializer: [{ values, indices: positions, dims: [3n, 2n, 3n, 3n] }] };
}

function diagnosticOf(act: () => unknown) {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostic;
    throw error;
  }
}
