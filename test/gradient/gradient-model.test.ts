import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gradientModel } from '../../src/gradient/index.ts';
import { type Attribute, attribute, fromFloat64, type Node, type Tensor } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { smallModel } from '../runtime/small-models.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

type Step = readonly [
  opType: string,
  inputs: readonly string[],
  attributes?: readonly Attribute[],
  outputs?: readonly string[],
];

interface Case {
  readonly steps: readonly Step[];
  readonly weights?: Readonly<Record<string, Tensor>>;
  readonly opset?: number;
  /** Of x; 16 channels at 4 × 4 positions by default, so that rows of gradients are told apart. */
  readonly dims?: readonly number[];
  readonly shift?: number;
  /** Of x as the model declares them. */
  readonly inputDims?: readonly (number | string)[];
}

const size = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);
/** Numbers without two alike, none of them within 0.004 of zero or of each other. */
const apart = (count: number, by = 1) =>
  Float32Array.from({ length: count }, (_, i) => by * (((i * 389) % 509) / 127 - 2.0021));
const wave = (count: number, phase = 1) => Float64Array.from({ length: count }, (_, i) => Math.sin(phase + 1.7 * i));
const tensor = (dims: readonly number[], phase?: number) => fromFloat64(wave(size(dims), phase), dims, 'float32');
/** Of some that are not none. */
function first<Item>(items: Iterable<Item>): Item {
  for (const item of items) return item;
  throw new Error('there is none');
}

const ints = (...values: readonly number[]) => fromFloat64(values, [values.length], 'int64');
const numbers = (...values: readonly number[]) => fromFloat64(values, [values.length], 'float32');
const scalar = (value: number) => fromFloat64([value], [], 'float32');
const { int, ints: list, float, string } = attribute;

/** y = 1×1 convolution of x with the identity, then the steps from y to z. */
function modelOf({ steps, weights = {}, opset = 13, dims = [1, 16, 4, 4], inputDims = dims }: Case): Uint8Array {
  const channels = dims[1] ?? 1;
  const identity = fromFloat64(
    Float64Array.from({ length: channels ** 2 }, (_, i) => (i % (channels + 1) === 0 ? 1 : 0)),
    [channels, channels, ...dims.slice(2).map(() => 1)],
    'float32',
  );
  return smallModel(
    [
      { opType: 'Conv', inputs: ['x', 'identity'], outputs: ['y'] },
      ...steps.map(([opType, inputs, attributes = [], outputs], place) => ({
        opType,
        inputs,
        attributes,
        outputs: outputs ?? [place === steps.length - 1 ? 'z' : `t${place}`],
      })),
    ],
    [['x', 'float32', inputDims]],
    [['z', 'float32', []]],
    { identity, ...weights },
    opset,
  );
}

/** Everything with a rule: what the operator is, and how it is called. */
const cases: Readonly<Record<string, Case>> = {
  Relu: { steps: [['Relu', ['y']]] },
  LeakyRelu: { steps: [['LeakyRelu', ['y'], [float('alpha', 0.3)]]] },
  PRelu: { steps: [['PRelu', ['y', 'slope']]], weights: { slope: tensor([16, 1, 1]) } },
  Elu: { steps: [['Elu', ['y'], [float('alpha', 0.7)]]] },
  'Clip by inputs': { steps: [['Clip', ['y', 'low', 'high']]], weights: { low: scalar(-0.5), high: scalar(1) } },
  'Clip by attributes': { steps: [['Clip', ['y'], [float('min', 0), float('max', 1)]]], opset: 10 },
  Sigmoid: { steps: [['Sigmoid', ['y']]] },
  Tanh: { steps: [['Tanh', ['y']]] },
  Exp: { steps: [['Exp', ['y']]] },
  HardSigmoid: { steps: [['HardSigmoid', ['y'], [float('alpha', 0.3), float('beta', 0.4)]]] },
  HardSwish: { steps: [['HardSwish', ['y']]], opset: 14, shift: 2 },
  Neg: { steps: [['Neg', ['y']]] },
  'Identity and Dropout': {
    steps: [
      ['Identity', ['y']],
      ['Dropout', ['t0']],
      ['Neg', ['t1']],
    ],
  },
  'Add of a value to itself, and of a smaller one': {
    steps: [
      ['Add', ['y', 'y']],
      ['ReduceMean', ['y'], [list('axes', [2, 3])]],
      ['Add', ['t1', 't0']],
    ],
  },
  Sum: {
    steps: [
      ['Relu', ['y']],
      ['Sum', ['y', 't0', 'c']],
    ],
    weights: { c: tensor([1, 16, 1, 1]) },
  },
  Sub: {
    steps: [
      ['Sigmoid', ['y']],
      ['Sub', ['t0', 'y']],
    ],
  },
  'Mul, as squeeze and excitation': {
    steps: [
      ['GlobalAveragePool', ['y']],
      ['Sigmoid', ['t0']],
      ['Mul', ['y', 't1']],
    ],
  },
  Div: {
    steps: [
      ['Exp', ['y']],
      ['Div', ['y', 't0']],
    ],
  },
  'Mul by a constant of fewer axes': { steps: [['Mul', ['y', 'c']]], weights: { c: tensor([4]) } },
  'Conv with pads': {
    steps: [['Conv', ['y', 'w', 'b'], [list('pads', [1, 0, 1, 2])]]],
    weights: { w: tensor([3, 16, 3, 3]), b: tensor([3]) },
  },
  'Conv, dilated and grouped': {
    steps: [['Conv', ['y', 'w'], [list('pads', [2, 2, 2, 2]), list('dilations', [2, 2]), int('group', 4)]]],
    weights: { w: tensor([8, 4, 3, 3]) },
  },
  'Conv with strides that leave a rest': {
    steps: [['Conv', ['y', 'w'], [list('strides', [2, 3]), int('group', 2)]]],
    weights: { w: tensor([4, 8, 2, 1]) },
  },
  'Conv with more pads than its kernel': {
    steps: [['Conv', ['y', 'w'], [list('pads', [1, 1, 1, 1])]]],
    weights: { w: tensor([3, 16, 1, 1]) },
  },
  'Conv, SAME_UPPER': {
    steps: [['Conv', ['y', 'w'], [string('auto_pad', 'SAME_UPPER'), list('strides', [2, 2])]]],
    weights: { w: tensor([3, 16, 3, 3]) },
  },
  'Conv along one axis': {
    steps: [['Conv', ['y', 'w'], [list('pads', [1, 1])]]],
    weights: { w: tensor([3, 16, 3]) },
    dims: [1, 16, 9],
  },
  ConvTranspose: {
    steps: [
      [
        'ConvTranspose',
        ['y', 'w'],
        [list('strides', [2, 2]), list('pads', [1, 0, 1, 0]), list('output_padding', [1, 0])],
      ],
    ],
    weights: { w: tensor([16, 3, 3, 3]) },
  },
  Gemm: {
    steps: [
      ['Flatten', ['y']],
      ['Gemm', ['t0', 'w', 'c'], [float('alpha', 0.5), int('transB', 1)]],
    ],
    weights: { w: tensor([5, 256]), c: tensor([5]) },
  },
  'Gemm with its first operand as it is': {
    steps: [
      ['Flatten', ['y']],
      ['Gemm', ['t0', 'w', 'c']],
    ],
    weights: { w: tensor([256, 5]), c: tensor([5]) },
    opset: 9,
  },
  'MatMul by a matrix': { steps: [['MatMul', ['y', 'w']]], weights: { w: tensor([4, 5]) } },
  'MatMul of two of the same': {
    steps: [
      ['Tanh', ['y']],
      ['MatMul', ['t0', 'y']],
    ],
  },
  BatchNormalization: {
    steps: [['BatchNormalization', ['y', 's', 'b', 'm', 'v']]],
    weights: {
      ...{ s: tensor([16]), b: tensor([16]), m: tensor([16]) },
      v: fromFloat64(new Float64Array(16).fill(0.7), [16], 'float32'),
    },
  },
  'MaxPool, overlapping': {
    steps: [['MaxPool', ['y'], [list('kernel_shape', [3, 3]), list('strides', [2, 2]), list('pads', [1, 1, 1, 1])]]],
  },
  'MaxPool, ceil_mode': {
    steps: [['MaxPool', ['y'], [list('kernel_shape', [3, 3]), list('strides', [2, 2]), int('ceil_mode', 1)]]],
  },
  'MaxPool of negative numbers': {
    steps: [['MaxPool', ['y'], [list('kernel_shape', [2, 2]), list('pads', [1, 1, 0, 0])]]],
    shift: -4,
  },
  'MaxPool behind a Pad of minus infinity': {
    steps: [
      ['Pad', ['y', 'pads', 'infinity']],
      ['MaxPool', ['t0'], [list('kernel_shape', [3, 3]), list('strides', [2, 2])]],
    ],
    weights: { pads: ints(0, 0, 1, 1, 0, 0, 1, 1), infinity: scalar(Number.NEGATIVE_INFINITY) },
  },
  'Reshape to a size that the model computes': {
    steps: [
      ['Shape', ['y']],
      ['Gather', ['t0', 'place']],
      ['Concat', ['t1', 'rest'], [int('axis', 0)]],
      ['Reshape', ['y', 't2']],
      ['Tanh', ['t3']],
    ],
    weights: { place: ints(0), rest: ints(-1) },
  },
  'AveragePool without its pads': {
    steps: [
      ['AveragePool', ['y'], [list('kernel_shape', [3, 3]), list('strides', [2, 2]), list('pads', [1, 1, 1, 1])]],
    ],
  },
  'AveragePool with its pads': {
    steps: [
      ['AveragePool', ['y'], [list('kernel_shape', [2, 2]), list('pads', [1, 0, 0, 1]), int('count_include_pad', 1)]],
    ],
  },
  GlobalAveragePool: { steps: [['GlobalAveragePool', ['y']]] },
  GlobalMaxPool: { steps: [['GlobalMaxPool', ['y']]] },
  'ReduceMean without the axes': { steps: [['ReduceMean', ['y'], [list('axes', [-1, 2]), int('keepdims', 0)]]] },
  'ReduceSum of all': {
    steps: [
      ['ReduceSum', ['y'], [int('keepdims', 0)]],
      ['Tanh', ['t0']],
    ],
    shift: 0.001,
  },
  'Reshape and Transpose': {
    steps: [
      ['Reshape', ['y', 'to']],
      ['Transpose', ['t0'], [list('perm', [2, 0, 1])]],
      ['Mul', ['t1', 'c']],
    ],
    weights: { to: ints(4, -1, 8), c: tensor([8, 4, 8]) },
  },
  'Transpose as it is without perm': {
    steps: [
      ['Transpose', ['y']],
      ['Mul', ['t0', 'c']],
    ],
    weights: { c: tensor([4, 4, 16, 1]) },
  },
  'Squeeze and Unsqueeze': {
    steps: [
      ['GlobalMaxPool', ['y']],
      ['Squeeze', ['t0', 'axes']],
      ['Unsqueeze', ['t1', 'axes']],
      ['Mul', ['y', 't2']],
    ],
    weights: { axes: ints(2, 3) },
  },
  Concat: {
    steps: [
      ['Relu', ['y']],
      ['Tanh', ['y']],
      ['Concat', ['t0', 't1'], [int('axis', -1)]],
    ],
  },
  'Split of which one part is read': {
    steps: [
      ['Split', ['y', 'sizes'], [int('axis', 1)], ['p', 'q', 'r']],
      ['Tanh', ['q']],
    ],
    weights: { sizes: ints(5, 7, 4) },
  },
  Slice: {
    steps: [['Slice', ['y', 'starts', 'ends', 'axes']]],
    weights: { starts: ints(-3, 1), ends: ints(99, 3), axes: ints(3, 2) },
  },
  'Slice by attributes': {
    steps: [['Slice', ['y'], [list('starts', [2]), list('ends', [9]), list('axes', [1])]]],
    opset: 9,
  },
  'Slice in steps': {
    steps: [['Slice', ['y', 'starts', 'ends', 'axes', 'steps']]],
    weights: { starts: ints(0, 1), ends: ints(99, 99), axes: ints(2, 3), steps: ints(3, 2) },
  },
  Pad: { steps: [['Pad', ['y', 'pads']]], weights: { pads: ints(0, 1, 2, 0, 0, 0, 1, 3) } },
  'Pad by attributes': { steps: [['Pad', ['y'], [list('pads', [0, 1, 2, 0, 0, 0, 1, 3])]]], opset: 10 },
  'Resize by whole factors': {
    steps: [
      ['Resize', ['y', '', 'scales'], [string('mode', 'nearest')]],
      ['Mul', ['t0', 'c']],
    ],
    weights: { scales: numbers(1, 1, 3, 2), c: tensor([12, 8]) },
  },
  Upsample: {
    steps: [
      ['Upsample', ['y', 'scales']],
      ['Mul', ['t0', 'c']],
    ],
    weights: { scales: numbers(1, 1, 2, 2), c: tensor([8, 8]) },
    opset: 9,
  },
  'a softmax at the output, of which the scores are taken': {
    steps: [
      ['Flatten', ['y']],
      ['MatMul', ['t0', 'w']],
      ['Softmax', ['t1']],
      ['Reshape', ['t2', 'to']],
    ],
    weights: { w: tensor([256, 5]), to: ints(5, 1) },
  },
};

describe('a gradient model', () => {
  it.each(Object.entries(cases))('foretells what a small change comes to: %s', async (_, one) => {
    const dims = one.dims ?? [1, 16, 4, 4];
    const found = gradientOf(one);
    const direction = first(found.directions);
    const [h, shift] = [1e-3, one.shift ?? 0];
    const x = apart(size(dims)).map((value) => value + shift);
    const v = Float32Array.from(wave(size(direction.dims), 3));
    const e = Float32Array.from(wave(size(dims), 5));
    const session = await runtime.load(writeModel(found.model), { threads: 1 });
    const run = async (step: number) => {
      const moved = x.map((value, i) => value + step * (e[i] as number));
      const results = await session.run({
        x: { dtype: 'float32', dims, data: moved },
        [direction.input]: { dtype: 'float32', dims: direction.dims, data: v },
      });
      const z = results[direction.output]?.data as Float32Array;
      return { results, along: z.reduce((sum, value, i) => sum + value * (v[i] as number), 0) };
    };
    const { results } = await run(0);
    const [above, below] = [(await run(h)).along, (await run(-h)).along];
    await session.release();
    const { output, isGram } = first(found.gradients.values());
    expect(isGram).toBe(false);
    const g = results[output]?.data as Float32Array;
    const foretold = g.reduce((sum, value, i) => sum + value * (e[i] as number), 0);
    const norm = Math.sqrt(g.reduce((sum, value) => sum + value * value, 0)) * Math.sqrt(size(dims) / 2);
    expect(norm).toBeGreaterThan(0);
    // z is float32: each of its numbers is off by up to 2⁻²⁴ of some 10, and so many of them, over 2h.
    const rounding = (2 * Math.sqrt(size(direction.dims)) * 10 * 2 ** -24) / (2 * h);
    expect(Math.abs((above - below) / (2 * h) - foretold)).toBeLessThan(0.002 * norm + rounding);
  });

  it.each([
    ['x', 'w', 6, 4],
    ['w', 'x', 4, 6],
  ])('tells channels of %s·%s by where the weight stands', (first, second, channels, rows) => {
    const bytes = smallModel(
      [
        { opType: 'MatMul', inputs: [first, second], outputs: ['y'] },
        { opType: 'Tanh', inputs: ['y'], outputs: ['z'] },
      ],
      [['x', 'float32', first === 'x' ? [4, 5] : [5, 6]]],
      [['z', 'float32', [4, 6]]],
      { w: tensor(first === 'x' ? [5, 6] : [4, 5]) },
    );
    const model = readModel(bytes);
    const found = gradientModel(model, [model.graph.nodes[0] as Node], {});
    expect([...(found?.gradients.values() ?? [])]).toMatchObject([{ groups: 1, channels, rows }]);
  });

  it('gives g·gᵀ where there are more rows than channels', async () => {
    const dims = [1, 2, 4, 4];
    const found = gradientOf({ steps: [['Mul', ['y', 'c']]], weights: { c: tensor([2, 4, 4]) }, dims });
    const [direction, { output, isGram, rows }] = [first(found.directions), first(found.gradients.values())];
    const session = await runtime.load(writeModel(found.model), { threads: 1 });
    const results = await session.run({
      x: { dtype: 'float32', dims, data: apart(32) },
      [direction.input]: { dtype: 'float32', dims: direction.dims, data: new Float32Array(32).fill(1) },
    });
    await session.release();
    expect([isGram, rows]).toEqual([true, 16]);
    const c = wave(32);
    const entry = (a: number, b: number) => {
      let sum = 0;
      for (let i = 0; i < 16; i++) sum += (c[a * 16 + i] as number) * (c[b * 16 + i] as number);
      return sum;
    };
    const gram = results[output]?.data as Float32Array;
    const wanted = [entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)];
    for (const [i, value] of gram.entries()) expect(value).toBeCloseTo(wanted[i] as number, 4);
  });

  it('leaves out what stands before an operator without a rule, also where another way leads around it', () => {
    const around = (opType: string) => {
      const steps: Case['steps'] = [
        ['Conv', ['y', 'w']],
        [opType, ['y']],
        ['Add', ['t0', 't1']],
      ];
      const model = readModel(modelOf({ steps, weights: { w: tensor([16, 16, 1, 1]) } }));
      const conv = first(model.graph.nodes);
      return gradientModel(model, [conv], { x: [1, 16, 4, 4] })?.gradients.has(conv);
    };
    expect(around('Relu')).toBe(true);
    expect(around('Erf')).toBeUndefined();
  });

  it.each<[string, Case]>([
    [
      'quantized numbers, though a way leads around them',
      {
        steps: [
          ['QuantizeLinear', ['y', 'scale', 'point']],
          ['DequantizeLinear', ['t0', 'scale', 'point']],
          ['Add', ['t1', 'y']],
        ],
        weights: { scale: scalar(0.1), point: fromFloat64([0], [], 'int8') },
      },
    ],
    [
      'whole numbers made of quantized ones, though a way leads around them',
      {
        steps: [
          ['QuantizeLinear', ['y', 'scale', 'point']],
          ['MaxPool', ['t0'], [list('kernel_shape', [1, 1])]],
          ['DequantizeLinear', ['t1', 'scale', 'point']],
          ['Add', ['t2', 'y']],
        ],
        weights: { scale: scalar(0.1), point: fromFloat64([0], [], 'int8') },
      },
    ],
    [
      'a Resize by other factors than sizes tell',
      {
        steps: [
          [
            'Resize',
            ['y', '', 'scales'],
            [
              string('mode', 'nearest'),
              string('coordinate_transformation_mode', 'asymmetric'),
              string('nearest_mode', 'floor'),
            ],
          ],
          ['Relu', ['t0']],
        ],
        weights: { scales: numbers(1, 1, 2.1, 2.1) },
      },
    ],
    [
      'a ConvTranspose that pads its output by a stride',
      {
        steps: [
          ['ConvTranspose', ['y', 'w'], [list('dilations', [2, 2]), list('output_padding', [1, 1])]],
          ['Relu', ['t0']],
        ],
        weights: { w: tensor([16, 3, 3, 3]) },
      },
    ],
    [
      'a Dropout that may be in training',
      {
        steps: [
          ['Dropout', ['y', 'ratio', 'training']],
          ['Relu', ['t0']],
        ],
        weights: { ratio: scalar(0.5), training: fromFloat64([1], [], 'bool') },
      },
    ],
    [
      'a MaxPool whose windows side by side would fill the memory',
      {
        steps: [
          ['MaxPool', ['y'], [list('kernel_shape', [2000])]],
          ['Relu', ['t0']],
        ],
        dims: [1, 64, 2100],
      },
    ],
  ])('does not go back through %s', (_, one) => {
    const model = readModel(modelOf(one));
    expect(gradientModel(model, [model.graph.nodes[0] as Node], { x: one.dims ?? [1, 16, 4, 4] })).toBeUndefined();
  });

  it('leaves out nodes with more channels than asked for, and models that are too large for one pass', () => {
    const model = readModel(modelOf({ steps: [['Relu', ['y']]], inputDims: ['N', 16, 'H', 'W'] }));
    const [conv] = model.graph.nodes as [Node];
    expect(gradientModel(model, [conv], { x: [1, 16, 4, 4] }, 15)).toBeUndefined();
    expect(gradientModel(model, [conv], { x: [1, 16, 4, 4] }, 16)?.gradients.size).toBe(1);
    expect(gradientModel(model, [conv], { x: [64, 16, 1024, 1024] })).toBeUndefined();
  });

  it('is none where sizes are not known, nothing reaches an output, or the output is no real number', () => {
    const open = readModel(modelOf({ steps: [['Relu', ['y']]], inputDims: ['N', 16, 'H', 'W'] }));
    expect(gradientModel(open, open.graph.nodes, {})).toBeUndefined();
    expect(gradientModel(open, open.graph.nodes, { x: [1, 16, 4, 4] })?.gradients.size).toBe(1);
    expect(gradientModel(open, [], { x: [1, 16, 4, 4] })).toBeUndefined();
    const counted = readModel(
      modelOf({
        steps: [
          ['ArgMax', ['y']],
          ['Cast', ['t0'], [int('to', 7)]],
        ],
      }),
    );
    expect(gradientModel(counted, [first(counted.graph.nodes)], { x: [1, 16, 4, 4] })).toBeUndefined();
  });

  it('is none where an output is quantized, though another is not', () => {
    const bytes = smallModel(
      [
        { opType: 'Conv', inputs: ['x', 'w'], outputs: ['y'] },
        { opType: 'QuantizeLinear', inputs: ['y', 'scale', 'point'], outputs: ['q'] },
        { opType: 'Relu', inputs: ['y'], outputs: ['z'] },
      ],
      [['x', 'float32', [1, 2, 4, 4]]],
      [
        ['q', 'int8', [1, 2, 4, 4]],
        ['z', 'float32', [1, 2, 4, 4]],
      ],
      { w: tensor([2, 2, 1, 1]), scale: scalar(0.1), point: fromFloat64([0], [], 'int8') },
    );
    const model = readModel(bytes);
    expect(gradientModel(model, [first(model.graph.nodes)], {})).toBeUndefined();
  });

  it('leaves the model that it is of alone', () => {
    const model = readModel(modelOf({ steps: [['Relu', ['y']]] }));
    const before = writeModel(model);
    gradientModel(model, model.graph.nodes, { x: [1, 16, 4, 4] });
    expect(writeModel(model)).toEqual(before);
  });
});

function gradientOf(one: Case) {
  const model = readModel(modelOf(one));
  const conv = first(model.graph.nodes);
  const found = gradientModel(model, [conv], { x: one.dims ?? [1, 16, 4, 4] });
  if (!found) throw new Error('no gradient');
  return found;
}
