import { body, constant, type HardModel, int64s, modelOf, op, port, statistics, through, weight } from './build.ts';

const image = [1, 8, 9, 9];
const kernel = [8, 8, 3, 3];
const w = weight('w', kernel);
const same = { pads: [1, 1, 1, 1] };
const norm = [w, ...statistics(8)];
const isTrue = { name: 'yes', dims: [], dataType: 9, rawData: Uint8Array.of(1) };
const onlyConv = () => [op('Conv', 'x w', 'y')];

/** A body of an If: r = Conv(`input`, u) with a weight of its own. */
const branch = (name: string, input: string) =>
  body({ name, node: [op('Conv', [input, 'u'], 'r')], initializer: [weight('u', [8, 8, 1, 1])], output: [port('r')] });

/** Graphs, versions, subgraphs, functions. */
export const structures: readonly HardModel[] = [
  {
    name: 'an output that is read as well',
    model: modelOf({
      node: [op('Conv', 'x w', 'h'), op('Relu', 'h', 'y')],
      initializer: [w],
      input: [port('x', image)],
      output: [port('h'), port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'an output of a Conv, with batch-norm behind it',
    model: modelOf({
      node: [op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'y')],
      initializer: norm,
      input: [port('x', image)],
      output: [port('h'), port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a value listed twice as output',
    model: modelOf({ node: onlyConv(), initializer: [w], input: [port('x', image)], output: [port('y'), port('y')] }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'an output that is an input',
    model: modelOf({
      node: onlyConv(),
      initializer: [w],
      input: [port('x', image)],
      output: [port('x', image), port('y')],
    }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'an output that is an initializer',
    model: modelOf({
      node: onlyConv(),
      initializer: [w, weight('c', [3]), weight('d', [3])],
      input: [port('x', image)],
      output: [port('y'), port('c', [3])],
    }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'inputs that nobody reads',
    model: modelOf({
      node: onlyConv(),
      initializer: [w, weight('unread', [4])],
      input: [port('a', [1]), port('x', image), port('z', [2])],
      output: [port('y')],
    }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'nodes that nobody reads',
    model: through([op('Conv', 'x u', 'dead'), ...onlyConv()], [w, weight('u', kernel)], image),
    nodes: { dead: 'rewritten', y: 'rewritten' },
  },
  {
    name: 'nodes in the wrong order',
    model: through(
      [op('Relu', 'g', 'y'), op('Conv', 'h w', 'g'), op('Conv', 'x u', 'h')],
      [w, weight('u', kernel)],
      image,
    ),
    nodes: { g: 'rewritten', h: 'rewritten' },
  },
  { name: 'a graph of nothing', model: modelOf({}), nodes: {}, rejected: /./ },
  { name: 'a graph without nodes', model: modelOf({ input: [port('x', [1])], output: [port('x', [1])] }), nodes: {} },
  {
    name: 'the oldest opset and IR',
    model: through([op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'y')], norm, image, {
      ir: 4,
      opset: 7,
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'the newest opset and IR',
    model: through([op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'y')], norm, image, {
      ir: 13,
      opset: 26,
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'opset 99',
    model: through(onlyConv(), [w], image, { opset: 99 }),
    nodes: { y: 'opset-unsupported' },
    rejected: /opset/i,
  },
  {
    name: 'opset 0',
    model: through(onlyConv(), [w], image, { opset: 0 }),
    nodes: { y: 'opset-unsupported' },
    rejected: /./,
  },
  {
    name: 'IR version 99',
    model: through(onlyConv(), [w], image, { ir: 99 }),
    nodes: { y: 'opset-unsupported' },
    rejected: /IR version/,
  },
  {
    name: 'no opset at all',
    model: { ...through(onlyConv(), [w], image), opsetImport: [] },
    nodes: { y: 'opset-unsupported' },
    rejected: /./,
  },
  {
    name: 'the default domain under its long name',
    model: {
      ...through([op('Conv', 'x w', 'y', {}, { domain: 'ai.onnx' })], [w], image),
      opsetImport: [{ domain: 'ai.onnx', version: 17n }],
    },
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a batch-norm in training mode',
    model: through(
      [op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'y rm rv', { training_mode: 1 })],
      norm,
      image,
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a batch-norm before the Conv',
    model: through([op('BatchNormalization', 'x s o m v', 'h'), op('Conv', 'h w', 'y')], norm, image),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'two batch-norms in a row behind a Conv',
    model: through(
      [op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'g'), op('BatchNormalization', 'g s o m v', 'y')],
      norm,
      image,
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'two batch-norms side by side behind a Conv',
    model: through(
      [
        op('Conv', 'x w', 'h'),
        op('BatchNormalization', 'h s o m v', 'a'),
        op('BatchNormalization', 'h s o m v', 'b'),
        op('Add', 'a b', 'y'),
      ],
      norm,
      image,
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a second output of MaxPool',
    model: modelOf({
      node: [op('Conv', 'x w', 'h'), op('MaxPool', 'h', 'y i', { kernel_shape: [2, 2] })],
      initializer: [w],
      input: [port('x', image)],
      output: [port('y'), port('i', undefined, 'int64')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'an unused second output of Dropout',
    model: through([op('Conv', 'x w', 'h'), op('Dropout', 'h', 'y mask')], [w], image),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'branches of an If with convolutions that capture the value of another',
    model: modelOf({
      node: [
        op('Conv', 'x w', 'h', same),
        op('If', 'c', 'y', { then_branch: branch('then', 'h'), else_branch: branch('else', 'x') }),
      ],
      initializer: [w],
      input: [port('x', image), port('c', [], 'bool')],
      output: [port('y')],
    }),
    nodes: { h: 'rewritten', r: 'subgraph', 'r#2': 'subgraph' },
  },
  {
    name: 'branches of an If that capture the weight of a Conv',
    model: modelOf({
      node: [
        op('Conv', 'x w', 'h'),
        op('If', 'c', 'k', {
          then_branch: body({ name: 't', node: [op('Neg', 'w', 'p')], output: [port('p')] }),
          else_branch: body({ name: 'e', node: [op('Abs', 'w', 'q')], output: [port('q')] }),
        }),
        op('ReduceMean', 'k', 'm', { keepdims: 0 }),
        op('Add', 'h m', 'y'),
      ],
      initializer: [w],
      input: [port('x', image), port('c', [], 'bool')],
      output: [port('y')],
    }),
    nodes: { h: 'weight-shared' },
  },
  {
    name: 'a branch of an If that captures the statistics of a batch-norm that is fused',
    model: modelOf({
      node: [
        op('Conv', 'x w', 'h'),
        op('BatchNormalization', 'h s o m v', 'g'),
        op('If', 'c', 'k', {
          then_branch: body({ name: 't', node: [op('Neg', 'm', 'p')], output: [port('p')] }),
          else_branch: body({ name: 'e', node: [op('Abs', 'm', 'q')], output: [port('q')] }),
        }),
        op('ReduceMean', 'k', 'z', { keepdims: 0 }),
        op('Add', 'g z', 'y'),
      ],
      initializer: norm,
      input: [port('x', image), port('c', [], 'bool')],
      output: [port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a Conv whose output only a branch of an If reads',
    model: modelOf({
      node: [
        op('Conv', 'x w', 'h'),
        op('BatchNormalization', 'h s o m v', 'g'),
        op('If', 'c', 'k', {
          then_branch: body({ name: 't', node: [op('Neg', 'h', 'p')], output: [port('p')] }),
          else_branch: body({ name: 'e', node: [op('Abs', 'g', 'q')], output: [port('q')] }),
        }),
        op('Relu', 'k', 'y'),
      ],
      initializer: norm,
      input: [port('x', image), port('c', [], 'bool')],
      output: [port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a Conv whose output a branch of an If returns as it is',
    model: modelOf({
      node: [
        op('Conv', 'x w', 'h'),
        op('BatchNormalization', 'h s o m v', 'g'),
        op('If', 'c', 'k', {
          then_branch: body({ name: 't', node: [op('Identity', 'h', 'p')], output: [port('p')] }),
          else_branch: body({ name: 'e', node: [op('Identity', 'g', 'q')], output: [port('q')] }),
        }),
        op('Relu', 'k', 'y'),
      ],
      initializer: norm,
      input: [port('x', image), port('c', [], 'bool')],
      output: [port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a Loop with a Conv in its body and one before it',
    model: through(
      [
        op('Conv', 'x w', 'h', same),
        op('Loop', 'trips yes h', 'y', {
          body: body({
            name: 'body',
            node: [op('Identity', 'keep', 'on'), op('Conv', 'state u', 'next', {}, { name: 'inner' })],
            initializer: [weight('u', [8, 8, 1, 1])],
            input: [port('i', [], 'int64'), port('keep', [], 'bool'), port('state')],
            output: [port('on', [], 'bool'), port('next')],
          }),
        }),
      ],
      [w, int64s('trips', [2], []), isTrue],
      image,
    ),
    nodes: { h: 'rewritten', inner: 'subgraph' },
  },
  {
    name: 'a Scan with a Gemm in its body',
    model: through(
      [
        op('MatMul', 'x w', 'h'),
        op('Scan', 'h', 'y', {
          num_scan_inputs: 1,
          body: body({
            name: 'body',
            node: [op('MatMul', 'row u', 'out', {}, { name: 'inner' })],
            initializer: [weight('u', [6, 6])],
            input: [port('row', [6])],
            output: [port('out', [6])],
          }),
        }),
      ],
      [weight('w', [8, 6])],
      [3, 8],
    ),
    nodes: { h: 'rewritten', inner: 'subgraph' },
  },
  {
    name: 'an inner value with the name of an outer one',
    model: modelOf({
      node: [
        op('Conv', 'x w', 'h'),
        op('If', 'c', 'y', {
          then_branch: body({ name: 't', node: [op('Neg', 'h', 'z')], output: [port('z')] }),
          else_branch: body({ name: 'e', node: [op('Abs', 'h', 'z')], output: [port('z')] }),
        }),
      ],
      initializer: [w],
      input: [port('x', image), port('c', [], 'bool')],
      output: [port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a function with a Conv in it',
    model: through(
      [op('Block', 'x w', 'h', {}, { domain: 'local' }), op('Conv', 'h u', 'y')],
      [w, weight('u', kernel)],
      image,
      {
        opsetImport: [
          { domain: '', version: 17n },
          { domain: 'local', version: 1n },
        ],
        functions: [
          {
            name: 'Block',
            domain: 'local',
            input: ['a', 'b'],
            output: ['c'],
            node: [op('Conv', 'a b', 'c', {}, { name: 'inner' })],
            opsetImport: [{ domain: '', version: 17n }],
          },
        ],
      },
    ),
    nodes: { 'local::Block/inner': 'subgraph', y: 'rewritten' },
  },
  {
    name: 'a function named Conv in another domain',
    model: through(
      [op('Conv', 'x w', 'h', {}, { domain: 'local' }), op('Conv', 'h u', 'y')],
      [w, weight('u', kernel)],
      image,
      {
        opsetImport: [
          { domain: '', version: 17n },
          { domain: 'local', version: 1n },
        ],
        functions: [
          {
            name: 'Conv',
            domain: 'local',
            input: ['a', 'b'],
            output: ['c'],
            node: [op('Constant', '', 'k', { value: constant(weight('', kernel)) }), op('Conv', 'a k', 'c')],
            opsetImport: [{ domain: '', version: 17n }],
          },
        ],
      },
    ),
    nodes: { 'local::Conv/c': 'subgraph', y: 'rewritten' },
  },
  {
    name: 'an operator named Conv in a domain that nobody knows',
    model: through(
      [op('Conv', 'x w', 'h', {}, { domain: 'com.example' }), op('Conv', 'h u', 'y')],
      [w, weight('u', kernel)],
      image,
      {
        opsetImport: [
          { domain: '', version: 17n },
          { domain: 'com.example', version: 1n },
        ],
      },
    ),
    nodes: { y: 'rewritten' },
    rejected: /com\.example/,
  },
  {
    name: 'an attribute of Conv that nobody knows',
    model: through([op('Conv', 'x w', 'y', { flavour: 'salty' })], [w], image),
    nodes: { y: 'not-legal' },
    rejected: /flavour/,
  },
  {
    name: 'doc strings, metadata and sharding hints',
    model: modelOf(
      {
        node: [
          op('Conv', 'x w', 'h', {}, { docString: 'first', metadataProps: [{ key: 'k', value: 'v' }] }),
          op('Relu', 'h', 'y', {}, { docString: 'last', metadataProps: [{ key: 'k', value: 'v' }] }),
        ],
        initializer: [{ ...w, docString: 'a weight' }],
        input: [{ ...port('x', image), docString: 'an image', metadataProps: [{ key: 'a', value: 'b' }] }],
        output: [port('y')],
        docString: 'a graph',
        metadataProps: [{ key: 'graph', value: '1' }],
      },
      {
        ir: 11,
        docString: 'a model',
        producerName: 'somebody',
        producerVersion: '3',
        domain: 'org.example',
        modelVersion: 7n,
        metadataProps: [{ key: 'model', value: '2' }],
        configuration: [{ name: 'two', numDevices: 2 }],
      },
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'value_info of values that go, that stay, and that never were',
    model: modelOf({
      node: [op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'g'), op('Relu', 'g', 'y')],
      initializer: norm,
      input: [port('x', image)],
      output: [port('y', [1, 8, 7, 7])],
      valueInfo: [port('h', [1, 8, 7, 7]), port('g', [1, 8, 7, 7]), port('m', [8]), port('nobody', [3])],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'quantization annotations of tensors that go',
    model: modelOf({
      node: onlyConv(),
      initializer: [w],
      input: [port('x', image)],
      output: [port('y')],
      quantizationAnnotation: [{ tensorName: 'w', quantParameterTensorNames: [{ key: 'SCALE_TENSOR', value: 'x' }] }],
    }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a function named Conv in the default domain',
    model: through(onlyConv(), [w], image, {
      functions: [
        {
          name: 'Conv',
          input: ['a', 'b'],
          output: ['c'],
          node: [op('Neg', 'a', 'c')],
          opsetImport: [{ domain: '', version: 17n }],
        },
      ],
    }),
    nodes: { y: 'not-legal' },
  },
  {
    name: 'the default domain imported twice, with different versions',
    model: {
      ...through(onlyConv(), [w], image),
      opsetImport: [
        { domain: '', version: 17n },
        { domain: 'ai.onnx', version: 13n },
      ],
    },
    nodes: { y: 'rewritten' },
  },
  {
    name: 'value_info of nodes that nobody reads',
    model: modelOf({
      node: [op('Neg', 'x', 'dead'), op('Conv', 'x w', 'y')],
      initializer: [w],
      input: [port('x', image)],
      output: [port('y')],
      valueInfo: [port('dead', image), port('y', [1, 8, 7, 7])],
    }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a sequence between two convolutions',
    model: through(
      [
        op('Conv', 'x w', 'h'),
        op('SequenceConstruct', 'h h', 's'),
        op('SequenceAt', 's zero', 'g'),
        op('Conv', 'g u', 'y'),
      ],
      [w, weight('u', kernel), int64s('zero', [0], [])],
      image,
    ),
    nodes: { h: 'rewritten', y: 'rewritten' },
  },
];
