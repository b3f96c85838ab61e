import {
  type Attribute,
  attribute,
  fromFloat64,
  Graph,
  Model,
  Node,
  type RealDType,
  Value,
} from '../../src/ir/index.ts';
import { type SeededRandom, seededRandom } from '../../src/numerics/index.ts';
import { integer, pick } from './draws.ts';
import { randomWindow } from './random-window.ts';

/** A model x → y of one random Conv, ConvTranspose, Gemm or MatMul, and the input to feed. */
export interface RandomOperator {
  readonly model: Model;
  readonly text: string;
  readonly inputDims: readonly number[];
}

type Kind = 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';

/** All attributes vary: 1 to 3 axes, strides, dilations, groups, depthwise, asymmetric pads, auto_pad, bias or none. */
export function randomOperator(seed: number, dtype: RealDType = 'float32'): RandomOperator {
  const random = seededRandom(seed, 'random-operator');
  const kind = pick(random, ['Conv', 'Conv', 'Conv', 'ConvTranspose', 'Gemm', 'MatMul'] as const);
  return kind === 'Gemm' || kind === 'MatMul'
    ? randomMatrix(kind, random, dtype)
    : randomConvolution(kind, random, dtype);
}

function randomConvolution(kind: Kind, random: SeededRandom, dtype: RealDType): RandomOperator {
  const transposed = kind === 'ConvTranspose';
  const axes = pick(random, [1, 2, 2, 2, 3]);
  const groups = pick(random, [1, 1, 1, 2, 3]);
  const depthwise = random.uniform() < 0.1;
  const [inputs, outputs] = depthwise ? [1, pick(random, [1, 2])] : [integer(random, 1, 7), integer(random, 1, 7)];
  const group = depthwise ? integer(random, 2, 5) : groups;
  // Any window fits: the input is made to measure below.
  const {
    kernel,
    span,
    strides,
    attributes: window,
  } = randomWindow(random, transposed, Array(axes).fill(Number.POSITIVE_INFINITY));
  const attributes = [...(group > 1 ? [attribute.int('group', group)] : []), ...window];
  const sizes = span.map((size, axis) => size + integer(random, 0, 2 * (strides[axis] as number)));
  const weightDims = transposed ? [group * inputs, outputs, ...kernel] : [group * outputs, inputs, ...kernel];
  const bias = random.uniform() < 0.7 ? [group * outputs] : undefined;
  return operatorModel(
    kind,
    random,
    dtype,
    [integer(random, 1, 2), group * inputs, ...sizes],
    weightDims,
    bias,
    attributes,
    false,
  );
}

function randomMatrix(kind: Kind, random: SeededRandom, dtype: RealDType): RandomOperator {
  const [rows, inputs, outputs] = [integer(random, 1, 5), integer(random, 1, 12), integer(random, 1, 12)];
  if (kind === 'MatMul') {
    const onTheLeft = random.uniform() < 0.3;
    const batch = random.uniform() < 0.3 ? [2] : [];
    return onTheLeft
      ? operatorModel(kind, random, dtype, [...batch, inputs, rows], [outputs, inputs], undefined, [], true)
      : operatorModel(kind, random, dtype, [...batch, rows, inputs], [inputs, outputs], undefined, [], false);
  }
  const [transA, transB] = [random.uniform() < 0.3, random.uniform() < 0.5];
  const bias = pick(random, [undefined, [outputs], [1, outputs], [1], [rows, outputs]]);
  const attributes = [
    ...(transA ? [attribute.int('transA', 1)] : []),
    ...(transB ? [attribute.int('transB', 1)] : []),
    ...(random.uniform() < 0.3 ? [attribute.float('alpha', 0.5)] : []),
    ...(random.uniform() < 0.3 ? [attribute.float('beta', 2)] : []),
  ];
  return operatorModel(
    kind,
    random,
    dtype,
    transA ? [inputs, rows] : [rows, inputs],
    transB ? [outputs, inputs] : [inputs, outputs],
    bias,
    attributes,
    false,
  );
}

function operatorModel(
  kind: Kind,
  random: SeededRandom,
  dtype: RealDType,
  inputDims: readonly number[],
  weightDims: readonly number[],
  biasDims: readonly number[] | undefined,
  attributes: readonly Attribute[],
  weightFirst: boolean,
): RandomOperator {
  const graph = new Graph('operator');
  const input = new Value('x', { kind: 'tensor', dtype, shape: inputDims });
  const output = new Value('y', { kind: 'tensor', dtype });
  graph.inputs.push(input);
  graph.outputs.push(output);
  const tensor = (dims: readonly number[]) => fromFloat64(random.normals(dims.reduce((a, b) => a * b, 1)), dims, dtype);
  const weight = graph.addInitializer('w', tensor(weightDims));
  const bias = biasDims && graph.addInitializer('b', tensor(biasDims));
  const operands = weightFirst ? [weight, input] : [input, weight];
  graph.append(
    new Node({
      name: 'op',
      opType: kind,
      inputs: bias ? [...operands, bias] : operands,
      outputs: [output],
      attributes,
    }),
  );
  const model = new Model(8, graph);
  model.opsetImports = [{ domain: '', version: 13 }];
  const described = attributes.map(
    ({ name, value }) => `${name}=${String(value.kind === 'string' ? Buffer.from(value.value) : value.value)}`,
  );
  return {
    model,
    inputDims,
    text: `${kind} ${dtype} x ${inputDims.join('×')} w ${weightDims.join('×')}${bias ? ' b' : ''} ${described.join(' ')}`,
  };
}
