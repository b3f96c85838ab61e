import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mirrorImages } from '../../src/data/index.ts';
import {
  attribute,
  cloneModel,
  fromFloat64,
  Graph,
  type Model,
  Node,
  Tensor,
  toFloat64,
  Value,
} from '../../src/ir/index.ts';
import { type GroupMoments, type Moments, plainBlas } from '../../src/numerics/index.ts';
import { openLockstep } from '../../src/observe/index.ts';
import { inferShapes, writeModel } from '../../src/onnx/index.ts';
import { constantTensor, isSkip, type LinearOperator, linearOperator, readKernel } from '../../src/pass/index.ts';
import type { OperatorPair } from '../../src/rewrite/index.ts';
import { type KeepingRuntime, openRuntime } from '../../src/runtime/index.ts';
import { ModelBuilder } from '../support/small-models.ts';
import { arrayDataset, randomSamples } from './array-dataset.ts';

let runtime: KeepingRuntime;
let second: KeepingRuntime;
beforeAll(async () => {
  [runtime, second] = [await openRuntime(), await openRuntime({ room: 0 })];
});
afterAll(async () => {
  await runtime.close();
  await second.close();
});

const sampleDims = [4, 9, 9];
const samples = randomSamples(40, sampleDims);

/** x → conv1 → Relu → r → conv2 → Add(r) → s → conv3 stride 2 → pool → Gemm. */
function residualNet(): Model {
  return new ModelBuilder()
    .input('x', ['N', ...sampleDims])
    .random('w1', [6, 4, 3, 3], { scale: 0.2 })
    .random('b1', [6])
    .random('w2', [6, 6, 3, 3], { scale: 0.2 })
    .random('w3', [8, 6, 3, 3], { scale: 0.2 })
    .random('w4', [8, 5])
    .random('b4', [5])
    .node('Conv', ['x', 'w1', 'b1'], 'c1', [attribute.ints('pads', [1, 1, 1, 1])], 'conv1')
    .node('Relu', ['c1'], 'r')
    .node('Conv', ['r', 'w2'], 'c2', [attribute.ints('pads', [1, 1, 1, 1])], 'conv2')
    .node('Add', ['c2', 'r'], 's')
    .node('Conv', ['s', 'w3'], 'c3', [attribute.ints('strides', [2, 2])], 'conv3')
    .node('GlobalAveragePool', ['c3'], 'p')
    .node('Flatten', ['p'], 'f')
    .node('Gemm', ['f', 'w4', 'b4'], 'y', [], 'classifier')
    .output('y').model;
}

function operators(model: Model): ReadonlyMap<string, LinearOperator> {
  const context = { model, shapes: inferShapes(model) };
  const found = model.graph.nodes.flatMap((node) => {
    const operator = linearOperator(node, context);
    return operator === null || isSkip(operator) ? [] : [[node.name, operator] as const];
  });
  return new Map(found);
}

function pairsOf(original: Model, rewritten: Model): readonly OperatorPair[] {
  const others = operators(rewritten);
  return [...operators(original)].map(([name, operator]) => ({
    name,
    original: operator,
    rewritten: others.get(name) as LinearOperator,
    kept: undefined,
  }));
}

interface Options {
  readonly chunk?: number;
  readonly runtimes?: readonly [KeepingRuntime, KeepingRuntime];
  readonly data?: Float32Array;
  readonly dims?: readonly number[];
  readonly mirror?: boolean;
  readonly between?: (name: string) => void;
}

async function observeAll(original: Model, rewritten: Model, options: Options = {}): Promise<Record<string, Moments>> {
  const {
    chunk = 16,
    runtimes = [runtime, runtime],
    data = samples,
    dims = sampleDims,
    mirror = false,
    between = () => {},
  } = options;
  const pairs = pairsOf(original, rewritten);
  const lockstep = await openLockstep(
    { original, rewritten, pairs },
    {
      dataset: arrayDataset('x', data, dims),
      mirror,
      runtimes,
      chunk,
      blas: plainBlas,
      seed: 0,
      signal: new AbortController().signal,
      positions: 20,
    },
  );
  try {
    const seen: Record<string, Moments> = {};
    for (const pair of pairs) {
      const moments = await lockstep.observe(pair);
      if ('unobserved' in moments) throw new Error(moments.unobserved);
      seen[pair.name] = moments;
      between(pair.name);
    }
    return seen;
  } finally {
    await lockstep.close();
  }
}

function scaleWeights(model: Model, name: string, factor: number): void {
  const value = model.graph.nodes.find((node) => node.name === name)?.inputs[1];
  const tensor = value && constantTensor(value);
  if (!value || !tensor) throw new Error(`no weights of ${name}`);
  value.tensor = fromFloat64(
    toFloat64(tensor).map((weight) => factor * weight),
    tensor.dims,
    'float32',
  );
}

const only = (moments: Moments | undefined): GroupMoments => moments?.groups[0] as GroupMoments;

describe('two models in lockstep', () => {
  test('give moments in which the original explains its own outputs: C = W·G, E[y] = W·E[x] + b', async () => {
    const model = residualNet();
    const seen = await observeAll(model, cloneModel(model).model);
    for (const [name, operator] of operators(model)) {
      const { gram, cross, meanX, meanY } = only(seen[name]);
      const kernel = readKernel(operator);
      if (isSkip(kernel)) throw new Error(kernel.text);
      const [P, T] = [meanX.length, meanY.length];
      const product = (b: ArrayLike<number>, columns: number) =>
        Array.from({ length: T * columns }, (_, at) => {
          let sum = 0;
          const row = Math.floor(at / columns) * P;
          for (let p = 0; p < P; p++) sum += (kernel.data[row + p] ?? 0) * (b[p * columns + (at % columns)] ?? 0);
          return sum;
        });
      const bias = operator.bias && constantTensor(operator.bias);
      const means = product(meanX, 1).map((mean, t) => mean + (bias ? (toFloat64(bias)[t] ?? 0) : 0));
      // Moments are float32, and entries of a size of up to ten.
      expect(furthest(meanY, means)).toBeLessThan(1e-4);
      expect(furthest(cross, product(gram, P))).toBeLessThan(1e-3);
    }
  });

  test.each([1, 7, 40])('see the same in chunks of %d samples', async (chunk) => {
    const model = residualNet();
    const [whole, cut] = [await observeAll(model, model, { chunk: 16 }), await observeAll(model, model, { chunk })];
    for (const name of ['conv1', 'conv2', 'conv3']) expect(cut[name]).toEqual(whole[name]);
  });

  test('see the same when every activation waits in a file', async () => {
    const model = residualNet();
    expect(await observeAll(model, model, { runtimes: [second, second] })).toEqual(await observeAll(model, model));
  });

  test('see the same when the models run on besides', async () => {
    const model = residualNet();
    const rewritten = () => cloneModel(model).model;
    expect(await observeAll(model, model, { runtimes: [runtime, second] })).toEqual(await observeAll(model, model));
    expect(await observeAll(model, rewritten(), { runtimes: [runtime, second] })).toEqual(
      await observeAll(model, rewritten()),
    );
  });

  test('take inputs from the rewritten model and outputs from the original', async () => {
    const [model, halved] = [residualNet(), residualNet()];
    const rewritten = cloneModel(model).model;
    scaleWeights(halved, 'conv1', 0.5);
    const seen = await observeAll(model, rewritten, {
      between: (name) => name === 'conv1' && scaleWeights(rewritten, 'conv1', 0.5),
    });
    const alone = await observeAll(halved, halved);
    expect(only(seen['conv2']).gram).toEqual(only(alone['conv2']).gram);
    const unchanged = await observeAll(model, model);
    expect(only(seen['conv1'])).toEqual(only(unchanged['conv1']));
    expect(only(seen['conv3']).meanY).toEqual(only(unchanged['conv3']).meanY);
  });

  test('ask of the node before an Add what its shortcut has lost', async () => {
    const model = residualNet();
    const rewritten = cloneModel(model).model;
    const seen = await observeAll(model, rewritten, {
      between: (name) => name === 'conv1' && scaleWeights(rewritten, 'conv1', 0.5),
    });
    const plain = await observeAll(model, model);
    const [r, lost] = [await positionMeans(model, 'r'), await positionMeans(rewritten, 'r')];
    // Sampled positions estimate the means over all of them.
    for (let t = 0; t < 6; t++) {
      const wanted = (only(plain['conv2']).meanY[t] ?? 0) + (r[t] ?? 0) - (lost[t] ?? 0);
      expect(Math.abs((only(seen['conv2']).meanY[t] ?? 0) - wanted)).toBeLessThan(0.15);
    }
    expect(only(seen['conv2']).meanY).not.toEqual(only(plain['conv2']).meanY);
  });

  test('see images in a mirror as if those were further images', async () => {
    const dims = [3, 4, 4];
    const model = new ModelBuilder()
      .input('x', ['N', ...dims])
      .random('w', [5, 3, 3, 3])
      .node('Conv', ['x', 'w'], 'y', [], 'conv')
      .output('y').model;
    const images = randomSamples(3, dims);
    const mirrored = mirrorImages({ x: { dtype: 'float32', dims: [3, ...dims], data: images } })?.['x'];
    const both = Float32Array.from([...images, ...((mirrored?.data ?? []) as Float32Array)]);
    expect(await observeAll(model, model, { data: images, dims, mirror: true })).toEqual(
      await observeAll(model, model, { data: both, dims }),
    );
  });

  test('hold rows back that are in no moment', async () => {
    const model = residualNet();
    const { conv1, classifier } = await observeAll(model, model);
    expect(conv1?.rows).toBe(38 * 20);
    expect(conv1?.heldBack?.rows).toBe(2 * 20);
    expect(classifier?.rows).toBe(40 - 2);
    expect(classifier?.heldBack?.rows).toBe(2);
  });

  test('go through subgraphs and sequences', async () => {
    const model = branchingNet();
    const seen = await observeAll(model, cloneModel(model).model);
    expect(Object.keys(seen)).toEqual(['conv1', 'conv2']);
    const [alone, pair] = [await observeAll(model, model), seen];
    expect(pair).toEqual(alone);
  });
});

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, at) => Math.abs(value - (b[at] ?? Number.NaN))));
}

/** Means of an intermediate value over samples and positions, by ONNX Runtime. */
async function positionMeans(model: Model, name: string): Promise<Float64Array> {
  const { model: copy } = cloneModel(model);
  const value = copy.graph.nodes.flatMap(({ outputs }) => outputs).find((output) => output?.name === name) as Value;
  copy.graph.outputs.push(value);
  const session = await runtime.load(writeModel(copy));
  const data = { dtype: 'float32', dims: [40, ...sampleDims], data: samples } as const;
  const tensor = (await session.run({ x: data }))[name];
  await session.release();
  const [batch = 0, channels = 0, ...sizes] = tensor?.dims ?? [];
  const positions = sizes.reduce((product, size) => product * size, 1);
  const means = new Float64Array(channels);
  const values = tensor?.data instanceof Float32Array ? tensor.data : new Float32Array();
  for (const [at, item] of values.entries())
    means[Math.floor(at / positions) % channels] =
      (means[Math.floor(at / positions) % channels] as number) + item / (batch * positions);
  return means;
}

/** x → conv1 → If(always): captured Relu → sequence → first of it → conv2. */
function branchingNet(): Model {
  const builder = new ModelBuilder()
    .input('x', ['N', ...sampleDims])
    .random('w1', [6, 4, 3, 3], { scale: 0.2 })
    .random('w2', [5, 6, 3, 3], { scale: 0.2 });
  const { model } = builder;
  builder.node('Conv', ['x', 'w1'], 'c1', [], 'conv1');
  const branch = (opType: string) => {
    const graph = new Graph(`${opType} branch`);
    graph.parent = model.graph;
    const output = new Value(`${opType}-out`, { kind: 'tensor', dtype: 'float32' });
    graph.append(new Node({ name: `${opType}-node`, opType, inputs: [builder.value('c1')], outputs: [output] }));
    graph.outputs.push(output);
    return graph;
  };
  return builder
    .node('ReduceSum', ['x'], 'total', [attribute.int('keepdims', 0)])
    .node('IsNaN', ['total'], 'broken')
    .node('If', ['broken'], 'chosen', [
      { name: 'then_branch', value: { kind: 'graph', value: branch('Neg') } },
      { name: 'else_branch', value: { kind: 'graph', value: branch('Relu') } },
    ])
    .node('SequenceConstruct', ['chosen', 'c1'], 'sequence')
    .tensor('zero', new Tensor('int64', [], { read: () => new Uint8Array(8), byteLength: 8, storage: 'memory' }))
    .node('SequenceAt', ['sequence', 'zero'], 'first')
    .node('Conv', ['first', 'w2'], 'y', [], 'conv2')
    .output('y').model;
}
