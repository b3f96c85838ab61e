import { constant, type HardModel, int64s, modelOf, op, port, statistics, through, weight } from './build.ts';

const image = [1, 8, 9, 9];
const kernel = [8, 8, 3, 3];
const w = weight('w', kernel);

/** The kernel with one element replaced. */
function withNumber(value: number) {
  const rawData = Uint8Array.from(w.rawData ?? []);
  new DataView(rawData.buffer).setFloat32(40, value, true);
  return { ...w, rawData };
}

/** y = Conv(x, v), v made of w by `made`. */
function made(nodes: readonly ReturnType<typeof op>[], constants = [w]) {
  return through([...nodes, op('Conv', 'x v', 'y')], constants, image);
}

const quantized = {
  name: 'q',
  dims: kernel.map(BigInt),
  dataType: 3,
  rawData: new Uint8Array(576).map((_, i) => i * 37),
};
const scale = { name: 'scale', dims: [], dataType: 1, rawData: new Uint8Array(Float32Array.of(0.02).buffer) };
const zero = { name: 'zero', dims: [], dataType: 3, rawData: new Uint8Array(1) };

/** Where weights come from, who else reads them, and what they are made of. */
export const weights: readonly HardModel[] = [
  {
    name: 'a weight that two convolutions share',
    model: through([op('Conv', 'x w', 'h'), op('Conv', 'h w', 'y')], [w], image),
    nodes: { h: 'weight-shared', y: 'weight-shared' },
  },
  {
    name: 'a weight that a Conv and, flattened, a Gemm share',
    model: through(
      [
        op('Conv', 'x w', 'h'),
        op('GlobalAveragePool', 'h', 'p'),
        op('Flatten', 'p', 'f'),
        op('Flatten', 'w', 'g'),
        op('Gemm', 'f g', 'y'),
      ],
      [weight('w', [8, 8, 1, 1])],
      image,
    ),
    nodes: { h: 'weight-shared', y: 'weight-not-constant' },
  },
  {
    name: 'a weight that a Gemm and a MatMul share',
    model: through([op('Gemm', 'x w', 'h'), op('MatMul', 'h w', 'y')], [weight('w', [8, 8])], [3, 8]),
    nodes: { h: 'weight-shared', y: 'weight-shared' },
  },
  {
    name: 'a weight that is an output of the graph',
    model: modelOf({
      node: [op('Conv', 'x w', 'y')],
      initializer: [w],
      input: [port('x', image)],
      output: [port('y'), port('w', kernel)],
    }),
    nodes: { y: 'weight-shared' },
  },
  {
    name: 'a weight from a Constant node',
    model: made([op('Constant', '', 'v', { value: constant(w) })], []),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a weight from a Constant node that another node reads too',
    model: through(
      [
        op('Constant', '', 'v', { value: constant(w) }),
        op('ReduceMean', 'v', 'r', { keepdims: 0 }),
        op('Conv', 'x v', 'h'),
        op('Add', 'h r', 'y'),
      ],
      [],
      image,
    ),
    nodes: { h: 'weight-shared' },
  },
  {
    name: 'a bias from a Constant node with value_floats',
    model: through(
      [
        op('Constant', '', 'b', { value_floats: { type: 6, floats: [1, 2, 3, 4, 5, 6, 7, 8] } }),
        op('Conv', 'x w b', 'y'),
      ],
      [w],
      image,
    ),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a batch-norm behind a Conv whose bias comes from value_floats',
    model: through(
      [
        op('Constant', '', 'b', { value_floats: { type: 6, floats: [1, 2, 3, 4, 5, 6, 7, 8] } }),
        op('Conv', 'x w b', 'h'),
        op('BatchNormalization', 'h s o m v', 'y'),
      ],
      [w, ...statistics(8)],
      image,
    ),
    nodes: { h: 'rewritten' },
  },
  { name: 'a weight behind Identity', model: made([op('Identity', 'w', 'v')]), nodes: { y: 'weight-not-constant' } },
  {
    name: 'a weight behind Transpose',
    model: made([op('Transpose', 'w', 'v', { perm: [1, 0, 2, 3] })]),
    nodes: { y: 'weight-not-constant' },
  },
  {
    name: 'a weight behind Reshape',
    model: made([op('Reshape', 'w s', 'v')], [weight('w', [8, 72]), int64s('s', kernel)]),
    nodes: { y: 'weight-not-constant' },
  },
  {
    name: 'a float16 weight behind Cast',
    model: made([op('Cast', 'w', 'v', { to: 1 })], [weight('w', kernel, { dtype: 'float16' })]),
    nodes: { y: 'weight-not-constant' },
  },
  {
    name: 'a weight behind DequantizeLinear',
    model: made([op('DequantizeLinear', 'q scale zero', 'v')], [quantized, scale, zero]),
    nodes: { y: 'quantized' },
  },
  {
    name: 'a weight that is quantized and dequantized at run time',
    model: made(
      [op('QuantizeLinear', 'w scale zero', 'q'), op('DequantizeLinear', 'q scale zero', 'v')],
      [w, scale, zero],
    ),
    nodes: { y: 'quantized' },
  },
  {
    name: 'a weight that is fed',
    model: modelOf({
      node: [op('Conv', 'x w', 'y')],
      input: [port('x', image), port('w', kernel)],
      output: [port('y')],
    }),
    nodes: { y: 'weight-not-constant' },
  },
  {
    name: 'a weight listed as an input in IR 3, where that makes it no less constant',
    model: modelOf(
      {
        node: [op('Conv', 'x w', 'y')],
        initializer: [w],
        input: [port('x', image), port('w', kernel)],
        output: [port('y')],
      },
      { ir: 3, opset: 8 },
    ),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a weight listed as an input in IR 8, which callers may replace',
    model: modelOf({
      node: [op('Conv', 'x w', 'y')],
      initializer: [w],
      input: [port('x', image), port('w', kernel)],
      output: [port('y')],
    }),
    nodes: { y: 'weight-overridable' },
  },
  {
    name: 'a bias listed as an input in IR 8, with batch-norm behind the Conv',
    model: modelOf({
      node: [op('Conv', 'x w b', 'h'), op('BatchNormalization', 'h s o m v', 'y')],
      initializer: [w, weight('b', [8]), ...statistics(8)],
      input: [port('x', image), port('b', [8])],
      output: [port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a batch-norm whose mean is listed as an input in IR 8',
    model: modelOf({
      node: [op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'y')],
      initializer: [w, ...statistics(8)],
      input: [port('x', image), port('m', [8])],
      output: [port('y')],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a batch-norm whose mean is an output of the graph',
    model: modelOf({
      node: [op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m v', 'y')],
      initializer: [w, ...statistics(8)],
      input: [port('x', image)],
      output: [port('y'), port('m', [8])],
    }),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'NaN among the weights',
    model: through([op('Conv', 'x w', 'y')], [withNumber(Number.NaN)], image),
    nodes: { y: 'non-finite' },
  },
  {
    name: 'infinity among the weights',
    model: through([op('Conv', 'x w', 'y')], [withNumber(Number.NEGATIVE_INFINITY)], image),
    nodes: { y: 'non-finite' },
  },
  {
    name: 'the largest float32 among the weights',
    model: through([op('Conv', 'x w', 'y')], [withNumber(3.4e38)], image),
    nodes: { y: 'check-failed' },
  },
  {
    name: 'only the smallest float32 for weights, which no factors of normal size make',
    model: through(
      [op('Conv', 'x w', 'y')],
      [{ ...w, rawData: new Uint8Array(new Uint32Array(576).fill(1).buffer) }],
      image,
    ),
    nodes: { y: 'check-failed' },
  },
  {
    name: 'only zeros for weights',
    model: through([op('Conv', 'x w', 'y')], [{ ...w, rawData: new Uint8Array(2304) }], image),
    nodes: { y: 'zero-weight' },
  },
  {
    name: 'a negative variance in the batch-norm behind a Conv',
    model: through(
      [op('Conv', 'x w', 'h'), op('BatchNormalization', 'h s o m m', 'y')],
      [
        w,
        ...statistics(8).map((t, i) =>
          i === 2 ? { ...t, rawData: new Uint8Array(Float32Array.of(-1, 1, 1, 1, 1, 1, 1, 1).buffer) } : t,
        ),
      ],
      image,
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a sparse weight',
    model: modelOf({
      node: [op('MatMul', 'x w', 'y')],
      sparseInitializer: [{ values: weight('w', [3]), indices: int64s('', [0, 9, 40]), dims: [8n, 6n] }],
      input: [port('x', [3, 8])],
      output: [port('y')],
    }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a sparse weight from a Constant node',
    model: through(
      [
        op('Constant', '', 'v', {
          sparse_value: {
            type: 11,
            sparseTensor: { values: weight('', [3]), indices: int64s('', [0, 9, 40]), dims: [8n, 6n] },
          },
        }),
        op('MatMul', 'x v', 'y'),
      ],
      [],
      [3, 8],
    ),
    nodes: { y: 'weight-not-constant' },
  },
  {
    name: 'float16 weights between casts',
    model: through(
      [op('Cast', 'x', 'h', { to: 10 }), op('Conv', 'h w', 'c'), op('Cast', 'c', 'y', { to: 1 })],
      [weight('w', kernel, { dtype: 'float16' })],
      image,
    ),
    nodes: { c: 'rewritten' },
  },
  {
    name: 'double weights',
    model: through([op('MatMul', 'x w', 'y')], [weight('w', [8, 6], { dtype: 'float64' })], [3, 8], {
      dtype: 'float64',
    }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'double weights of a Conv, which ONNX Runtime has no kernel for',
    model: through([op('Conv', 'x w', 'y')], [weight('w', kernel, { dtype: 'float64' })], image, { dtype: 'float64' }),
    nodes: { y: 'rewritten' },
    rejected: /implementation/i,
  },
  {
    name: 'bfloat16 weights',
    model: through([op('MatMul', 'x w', 'y')], [weight('w', [8, 6], { dtype: 'bfloat16' })], [3, 8], {
      dtype: 'bfloat16',
    }),
    nodes: { y: 'rewritten' },
    rejected: /implementation|type/i,
  },
  {
    name: 'whole numbers for weights',
    model: through(
      [op('MatMul', 'x w', 'y')],
      [
        {
          name: 'w',
          dims: [8n, 6n],
          dataType: 6,
          rawData: new Uint8Array(Int32Array.from({ length: 48 }, (_, i) => i - 20).buffer),
        },
      ],
      [3, 8],
      { dtype: 'int32' },
    ),
    nodes: { y: 'dtype' },
  },
  {
    name: 'two batch-norms with the same numbers, two convolutions with the same kernel',
    model: through(
      [
        op('Conv', 'x w', 'a'),
        op('BatchNormalization', 'a s o m v', 'b'),
        op('Conv', 'b u', 'c'),
        op('BatchNormalization', 'c s o m v', 'y'),
      ],
      [w, { ...w, name: 'u' }, ...statistics(8)],
      image,
    ),
    nodes: { a: 'rewritten', c: 'rewritten' },
  },
];
