import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  attribute,
  cloneModel,
  fromFloat64,
  type Model,
  type Tensor,
  toFloat64,
  type Value,
} from '../../src/ir/index.ts';
import { inferShapes } from '../../src/onnx/index.ts';
import { nodeNames } from '../../src/rewrite/index.ts';
import { removeIdle } from '../../src/rewrite/remove-filters.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { ModelBuilder } from '../support/small-models.ts';
import { coupledNetwork } from './coupled-network.ts';
import { errorOverTolerance } from './zeroed-and-pruned.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({});
});
afterAll(() => runtime.close());

/** The model without what goes at no loss, and whether it changed. */
function lossless(model: Model) {
  const pruned = cloneModel(model).model;
  const changed = removeIdle(pruned, () => true, { names: nodeNames(pruned), infer: inferShapes, onKept: () => {} });
  return { pruned, changed };
}

function planted(tensor: Tensor, change: (data: Float64Array, row: number) => void): Tensor {
  const data = toFloat64(tensor);
  change(data, tensor.size / (tensor.dims[0] ?? 1));
  return fromFloat64(data, tensor.dims, tensor.dtype);
}

/** x → Conv 3→8 → add → Conv 8→6 → pool → Gemm, with faults put into the first convolution. */
function network(add: (builder: ModelBuilder) => ModelBuilder, pads: readonly number[] = [0, 0, 0, 0]): ModelBuilder {
  const builder = new ModelBuilder({ opset: 17 })
    .input('x', [1, 3, 6, 6])
    .random('w1', [8, 3, 3, 3], { scale: 0.3 })
    .random('b1', [8], { offset: 0.5 })
    .random('w2', [6, 8, 3, 3], { scale: 0.2 })
    .node('Conv', ['x', 'w1', 'b1'], 'c');
  return add(builder)
    .node('Conv', ['r', 'w2'], 'd', [attribute.ints('pads', pads)])
    .node('GlobalAveragePool', ['d'], 'p')
    .node('Flatten', ['p'], 'f')
    .random('w3', [6, 4])
    .node('MatMul', ['f', 'w3'], 'y')
    .output('y');
}

const relu = (builder: ModelBuilder) => builder.node('Relu', ['c'], 'r');
const rowsLeft = ({ graph }: Model) => graph.nodes.find((node) => node.is('Conv'))?.inputs[1]?.tensor?.dims[0];

function plant(value: Value, change: (data: Float64Array, row: number) => void): void {
  if (value.tensor) value.tensor = planted(value.tensor, change);
}

describe('at no loss go', () => {
  const zeroRow = (unit: number) => (data: Float64Array, row: number) => data.fill(0, unit * row, (unit + 1) * row);
  const copyRow = (from: number, to: number) => (data: Float64Array, row: number) =>
    data.copyWithin(to * row, from * row, (from + 1) * row);

  test.each([
    [
      'a filter of zeros whose bias is read as a constant',
      7,
      [0, 0, 0, 0],
      (b: ModelBuilder) => plant(b.value('w1'), zeroRow(2)),
    ],
    [
      'no such filter where zero padding meets its constant',
      8,
      [1, 1, 1, 1],
      (b: ModelBuilder) => plant(b.value('w1'), zeroRow(2)),
    ],
    [
      'a filter of zeros without a bias, padding or not',
      7,
      [1, 1, 1, 1],
      (b: ModelBuilder) => {
        plant(b.value('w1'), zeroRow(2));
        plant(b.value('b1'), zeroRow(2));
      },
    ],
    [
      'a filter that nobody reads',
      7,
      [1, 1, 1, 1],
      (b: ModelBuilder) =>
        plant(b.value('w2'), (data) => {
          for (let t = 0; t < 6; t++) data.fill(0, (t * 8 + 5) * 9, (t * 8 + 6) * 9);
        }),
    ],
    [
      'the later ones of equal filters',
      6,
      [1, 1, 1, 1],
      (b: ModelBuilder) => {
        for (const name of ['w1', 'b1']) {
          plant(b.value(name), copyRow(1, 4));
          plant(b.value(name), copyRow(1, 6));
        }
      },
    ],
    ['no filters that differ in their bias', 8, [1, 1, 1, 1], (b: ModelBuilder) => plant(b.value('w1'), copyRow(1, 4))],
    [
      'all but one of nothing but zeros',
      1,
      [0, 0, 0, 0],
      (b: ModelBuilder) => plant(b.value('w1'), (data) => data.fill(0)),
    ],
  ] as const)('%s', async (_, left, pads, change) => {
    const builder = network(relu, [...pads]);
    change(builder);
    const { model } = builder;
    const { pruned, changed } = lossless(model);
    expect(changed).toBe(left < 8);
    expect(rowsLeft(pruned)).toBe(left);
    expect(await errorOverTolerance(runtime, model, pruned)).toBeLessThanOrEqual(1);
    expect(lossless(pruned).changed).toBe(false);
  });

  test('no equal filters that a PRelu tells apart', () => {
    const builder = network((b) => b.random('slope', [8, 1, 1]).node('PRelu', ['c', 'slope'], 'r'));
    for (const name of ['w1', 'b1']) plant(builder.value(name), copyRow(1, 4));
    expect(rowsLeft(lossless(builder.model).pruned)).toBe(8);
  });

  test('filters behind a depthwise convolution that only meets zeros', async () => {
    const builder = network((b) =>
      b
        .node('Relu', ['c'], 'e')
        .random('dw', [8, 1, 3, 3])
        .random('db', [8])
        .node('Conv', ['e', 'dw', 'db'], 'r', [attribute.int('group', 8), attribute.ints('pads', [1, 1, 1, 1])]),
    );
    for (const name of ['w1', 'b1']) plant(builder.value(name), zeroRow(3));
    const { pruned } = lossless(builder.model);
    expect(rowsLeft(pruned)).toBe(7);
    expect(await errorOverTolerance(runtime, builder.model, pruned)).toBeLessThanOrEqual(1);
  });
});

test('random networks with equal and dead filters come back smaller, and equal', async () => {
  let smaller = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const model = coupledNetwork(seed);
    for (const node of model.graph.nodes) {
      const [, weight, bias] = node.inputs;
      if (!node.is('Conv') || !weight?.tensor || (weight.tensor.dims[0] ?? 0) < 4) continue;
      for (const value of [weight, bias])
        if (value)
          plant(value, (data, row) => {
            data.copyWithin(row, 0, row);
            data.fill(0, 2 * row, 3 * row);
          });
    }
    const { pruned, changed } = lossless(model);
    if (changed) smaller++;
    const error = await errorOverTolerance(runtime, model, pruned);
    if (!(error === undefined || error <= 1)) throw new Error(`seed ${seed}: ${error} times the tolerance`);
  }
  expect(smaller).toBeGreaterThan(20);
});
