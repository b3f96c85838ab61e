import { describe, expect, test } from '@jest/globals';
import type { Model } from '../../src/ir/index.ts';
import { toFloat64 } from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { copyRows, rowBlock } from '../../src/observe/row-block.ts';
import { outputLayout } from '../../src/observe/row-layout.ts';
import { placesOf } from '../../src/observe/row-places.ts';
import { inferShapes, writeModel } from '../../src/onnx/index.ts';
import { constantTensor, isSkip, linearOperator, readKernel } from '../../src/pass/index.ts';
import { openRuntime, type Places, type Runtime, type RuntimeTensor } from '../../src/runtime/index.ts';
import { gatherElements } from '../../src/runtime/tensor-store.js';
import { randomOperator } from '../support/random-operator.ts';

const cases = 300;

describe('rows of an operator', () => {
  test(`are what its kernel maps to its outputs: ${cases} random operators`, async () => {
    const runtime = await openRuntime();
    try {
      let compared = 0;
      for (let seed = 0; seed < cases; seed++) compared += await compareRows(runtime, seed);
      expect(compared).toBeGreaterThan(cases * 0.9);
    } finally {
      await runtime.close();
    }
  }, 120_000);
});

/** W·x + bias against ONNX Runtime, for every row. */
async function compareRows(runtime: Runtime, seed: number): Promise<number> {
  const { model, inputDims, text } = randomOperator(seed);
  const operator = operatorOf(model);
  if (!operator) return 0;
  const kernel = readKernel(operator);
  if (isSkip(kernel)) return 0;
  const input = normalTensor(inputDims, seed);
  const session = await runtime.load(writeModel(model));
  const output = (await session.run({ x: input }))['y'] as RuntimeTensor;
  await session.release();
  const { rows } = outputLayout(operator, output.dims);
  const block = rowBlock(operator, rows + 3);
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  const places = placesOf(operator, { inputDims: input.dims, outputDims: output.dims, keptOutputs: undefined }, all);
  const read = {
    places,
    input: { dtype: input.dtype, data: gathered(input, places.input) },
    output: { dtype: output.dtype, data: gathered(output, places.wanted) },
    residual: undefined,
  };
  copyRows(operator, read, { from: 0, count: rows }, block, 2);
  const { outputs, groups } = operator;
  const P = kernel.data.length / (groups * outputs);
  let worst = 0;
  for (let channel = 0; channel < groups * outputs; channel++) {
    const [x, y] = [block.x[Math.floor(channel / outputs)], block.y[Math.floor(channel / outputs)]];
    for (let row = 0; row < rows; row++) {
      let sum = bias(operator, channel, row);
      for (let p = 0; p < P; p++) sum += (kernel.data[channel * P + p] ?? 0) * (x?.[p * block.capacity + row + 2] ?? 0);
      worst = Math.max(worst, Math.abs(sum - (y?.[(channel % outputs) * block.capacity + row + 2] ?? Number.NaN)));
    }
  }
  // float32 sums of up to a few hundred products of normal numbers.
  expect({ text, worst: worst < 1e-3 }).toEqual({ text, worst: true });
  return 1;
}

function gathered({ data }: RuntimeTensor, places: Places): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError('float32 was expected');
  const into = new Float32Array(places.rows.length * places.columns.length);
  gatherElements(data, places, into);
  return into;
}

function operatorOf(model: Model) {
  const [node] = model.graph.nodes;
  const operator = node && linearOperator(node, { model, shapes: inferShapes(model) });
  return operator === undefined || operator === null || isSkip(operator) ? undefined : operator;
}

/** What y/alpha has beside W·x: beta/alpha · C. */
function bias(operator: NonNullable<ReturnType<typeof operatorOf>>, channel: number, row: number): number {
  const tensor = operator.bias && constantTensor(operator.bias);
  if (!tensor) return 0;
  const values = toFloat64(tensor);
  const channels = operator.groups * operator.outputs;
  const at = values.length === 1 ? 0 : values.length === channels ? channel : row * channels + channel;
  return ((values[at] ?? 0) * operator.node.float('beta', 1)) / operator.node.float('alpha', 1);
}

function normalTensor(dims: readonly number[], seed: number): RuntimeTensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { dtype: 'float32', dims, data: Float32Array.from(seededRandom(seed, 'input').normals(size)) };
}
