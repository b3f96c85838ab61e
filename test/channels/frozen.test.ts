import { describe, expect, test } from '@jest/globals';
import { channelGroups, type FrozenCode } from '../../src/channels/index.ts';
import { attribute, Graph, int64Tensor, Node, Value } from '../../src/ir/index.ts';
import { inferShapes } from '../../src/onnx/index.ts';
import { ModelBuilder } from '../support/small-models.ts';

type Add = (builder: ModelBuilder) => ModelBuilder;

/** What the first convolution makes, frozen before free; its channels are `c` [1, 8, 4, 4] and what follows. */
function groupOf(add: Add, { opset = 17 } = {}) {
  const builder = new ModelBuilder({ opset })
    .input('x', [1, 3, 4, 4])
    .random('w1', [8, 3, 1, 1])
    .node('Conv', ['x', 'w1'], 'c', [], 'first');
  const { model } = add(builder).output('y');
  const { groups } = channelGroups(model, inferShapes(model));
  const made = groups.filter(({ name }) => name === 'first');
  return made.find(({ frozen }) => frozen) ?? made[0];
}

const second: Add = (builder) => builder.random('w2', [5, 8, 1, 1]).node('Conv', ['r', 'w2'], 'y', [], 'second');

describe('channels stay, and the reason is told, where', () => {
  const cases: readonly (readonly [string, FrozenCode, Add])[] = [
    ['they are a graph output', 'graph-output', (builder) => builder.node('Relu', ['c'], 'y')],
    [
      'they are added to a graph input',
      'fixed-channels',
      (builder) => second(builder.input('z', [1, 8, 4, 4]).node('Add', ['c', 'z'], 'r')),
    ],
    [
      'a softmax runs over them',
      'mixes-channels',
      (builder) => second(builder.node('Softmax', ['c'], 'r', [attribute.int('axis', 1)])),
    ],
    [
      'LRN mixes neighbours',
      'mixes-channels',
      (builder) => second(builder.node('LRN', ['c'], 'r', [attribute.int('size', 3)])),
    ],
    [
      'they are summed',
      'mixes-channels',
      (builder) =>
        second(
          builder
            .tensor('a', int64Tensor([1]))
            .node('ReduceSum', ['c', 'a'], 's')
            .node('Add', ['s', 'c'], 'r'),
        ),
    ],
    ['no rule knows the operator', 'unknown-operator', (builder) => second(builder.node('MatMulInteger', ['c'], 'r'))],
    ['a recurrent operator reads them', 'unknown-operator', (builder) => second(builder.node('GRU', ['c'], 'r'))],
    [
      'a slice steps over some',
      'not-legal',
      (builder) => {
        for (const [name, value] of [
          ['s', 0],
          ['e', 8],
          ['a', 1],
          ['t', 2],
        ] as const)
          builder.tensor(name, int64Tensor([value]));
        return builder
          .node('Slice', ['c', 's', 'e', 'a', 't'], 'r')
          .random('w2', [5, 4, 1, 1])
          .node('Conv', ['r', 'w2'], 'y');
      },
    ],
    [
      'one of them is picked',
      'fixed-channels',
      (builder) =>
        builder.tensor('i', int64Tensor([2], [])).node('Gather', ['c', 'i'], 'y', [attribute.int('axis', 1)]),
    ],
    [
      'their number becomes a factor',
      'shape-computed',
      (builder) =>
        second(
          builder
            .node('Shape', ['c'], 's')
            .node('ReduceProd', ['s'], 'p')
            .node('Cast', ['p'], 'q', [attribute.int('to', 1)])
            .node('Mul', ['c', 'q'], 'r'),
        ),
    ],
    [
      'weights are computed at run time',
      'weight-not-constant',
      (builder) => builder.input('v', [5, 8, 1, 1]).node('Conv', ['c', 'v'], 'y'),
    ],
    [
      'another node reads the weights as they are',
      'weight-shared',
      (builder) =>
        second(builder.node('Relu', ['c'], 'r'))
          .node('Abs', ['w1'], 'z')
          .output('z'),
    ],
  ];
  test.each(cases)('%s', (_, code, add) => {
    expect(groupOf(add)?.frozen?.code).toBe(code);
  });

  test('a softmax of old takes all axes from its own on', () => {
    expect(
      groupOf((builder) => second(builder.node('Softmax', ['c'], 'r', [attribute.int('axis', 2)])), { opset: 11 })
        ?.frozen,
    ).toBeUndefined();
    expect(groupOf((builder) => second(builder.node('Softmax', ['c'], 'r')), { opset: 11 })?.frozen?.code).toBe(
      'mixes-channels',
    );
  });

  test('a subgraph captures them', () => {
    const group = groupOf((builder) => {
      second(builder.node('Relu', ['c'], 'r'));
      const inner = new Graph('then');
      inner.parent = builder.model.graph;
      const out = new Value('inner');
      inner.append(new Node({ opType: 'Abs', inputs: [builder.value('r')], outputs: [out] }));
      inner.outputs.push(out);
      return builder
        .input('flag', [1], 'bool')
        .node('If', ['flag'], 'z', [{ name: 'then_branch', value: { kind: 'graph', value: inner } }]);
    });
    expect(group?.frozen?.code).toBe('subgraph');
  });

  test('callers may replace the weights', () => {
    const group = groupOf((builder) => {
      builder.model.graph.inputs.push(builder.value('w1'));
      return second(builder.node('Relu', ['c'], 'r'));
    });
    expect(group?.frozen).toMatchObject({ code: 'weight-not-constant' });
  });

  test('callers may replace the bounds of a slice', () => {
    const group = groupOf((builder) => {
      for (const [name, value] of [
        ['s', 0],
        ['e', 8],
        ['a', 1],
      ] as const)
        builder.tensor(name, int64Tensor([value]));
      builder.model.graph.inputs.push(builder.value('e'));
      return second(builder.node('Slice', ['c', 's', 'e', 'a'], 'r'));
    });
    expect(group?.frozen?.code).toBe('weight-not-constant');
  });

  test('they scale another tensor as its parameters', () => {
    const group = groupOf((builder) =>
      builder
        .node('GlobalMaxPool', ['c'], 'g')
        .node('Squeeze', ['g'], 'scale')
        .input('z', [1, 8, 4, 4])
        .random('shift', [8])
        .node('InstanceNormalization', ['z', 'scale', 'shift'], 'r')
        .random('w2', [5, 8, 1, 1])
        .node('Conv', ['r', 'w2'], 'y'),
    );
    expect(group?.frozen?.code).toBe('mixes-channels');
  });

  test('a function of the model bears the operator’s name', () => {
    const group = groupOf((builder) => {
      builder.model.functions.push({ domain: '', name: 'Relu', body: new Graph('Relu'), extras: {} });
      return second(builder.node('Relu', ['c'], 'r'));
    });
    expect(group?.frozen?.code).toBe('unknown-operator');
  });
});

test('half of the channels can be free where a Split parts them', () => {
  const builder = new ModelBuilder({ opset: 17 })
    .input('x', [1, 3, 4, 4])
    .random('w1', [8, 3, 1, 1])
    .node('Conv', ['x', 'w1'], 'c');
  builder
    .nodes('Split', ['c'], ['a', 'b'], [attribute.int('axis', 1)])
    .random('w2', [5, 4, 1, 1])
    .node('Conv', ['b', 'w2'], 'y')
    .output('y')
    .output('a');
  const { groups } = channelGroups(builder.model, inferShapes(builder.model));
  expect(groups.map(({ units, frozen }) => [units.length, frozen?.code])).toEqual([
    [4, 'graph-output'],
    [4, undefined],
    [5, 'graph-output'],
  ]);
});
