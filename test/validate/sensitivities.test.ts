import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromFloat64 } from '../../src/ir/index.ts';
import { plainBlas } from '../../src/numerics/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { measureSensitivities, probeModels } from '../../src/validate/index.ts';
import { arrayDataset } from '../observe/array-dataset.ts';
import { smallModel } from '../runtime/small-models.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

const weight = (data: readonly number[], dims: readonly number[]) => fromFloat64(data, dims, 'float32');

/** z = 3·(x·I) + x·2I, so that z = 5x; nothing reads u. */
const sums = smallModel(
  [
    { opType: 'MatMul', inputs: ['x', 'one'], outputs: ['a'] },
    { opType: 'MatMul', inputs: ['x', 'two'], outputs: ['b'] },
    { opType: 'MatMul', inputs: ['x', 'one'], outputs: ['u'] },
    { opType: 'Mul', inputs: ['a', 'three'], outputs: ['c'] },
    { opType: 'Add', inputs: ['c', 'b'], outputs: ['z'] },
  ],
  [['x', 'float32', ['N', 2]]],
  [['z', 'float32', ['N', 2]]],
  { one: weight([1, 0, 0, 1], [2, 2]), two: weight([2, 0, 0, 2], [2, 2]), three: weight([3], []) },
);

/** Channel 0 of a 1×1 convolution is read, channel 1 is not; the second convolution gives a constant. */
const unread = smallModel(
  [
    { opType: 'Conv', inputs: ['x', 'both'], outputs: ['y'] },
    { opType: 'Conv', inputs: ['x', 'none'], outputs: ['still'] },
    { opType: 'Mul', inputs: ['y', 'first'], outputs: ['read'] },
    { opType: 'Add', inputs: ['read', 'still'], outputs: ['z'] },
  ],
  [['x', 'float32', ['N', 1, 2, 2]]],
  [['z', 'float32', ['N', 2, 2, 2]]],
  { both: weight([1, 1], [2, 1, 1, 1]), none: weight([0, 0], [2, 1, 1, 1]), first: weight([1, 0], [1, 2, 1, 1]) },
);

/** A 1×1 convolution that hands on its input, and the mean over all positions of it. */
const averaged = smallModel(
  [
    { opType: 'Conv', inputs: ['x', 'identity'], outputs: ['y'] },
    { opType: 'GlobalAveragePool', inputs: ['y'], outputs: ['z'] },
  ],
  [['x', 'float32', ['N', 4, 6, 6]]],
  [['z', 'float32', ['N', 4, 1, 1]]],
  { identity: weight([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], [4, 4, 1, 1]) },
);

async function sensitivities(
  bytes: Uint8Array,
  dims: readonly number[],
  count = 24,
  valueAt = (i: number) => Math.sin(1 + 7 * i),
) {
  const model = readModel(bytes);
  const linear = model.graph.nodes.filter((node) => node.is('Conv', 'MatMul'));
  const { probes, watched, disturbed } = probeModels(
    model,
    linear.map((node) => ({ node, dtype: 'float32' })),
  );
  const size = dims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: count * size }, (_, i) => valueAt(i));
  const found = await measureSensitivities(
    runtime,
    probes,
    { watched: writeModel(watched), disturbed: writeModel(disturbed) },
    {
      dataset: arrayDataset('x', data, dims),
      samples: count,
      seed: 0,
      blas: plainBlas,
      signal: new AbortController().signal,
    },
  );
  return new Map([...found].map(([node, share]) => [node.outputs[0]?.name, share]));
}

describe('sensitivities', () => {
  it('are the share of an error that a linear network hands on, whatever the error', async () => {
    const found = await sensitivities(sums, [2]);
    // var z = 25 var x: an error of a, of which var a = var x, arrives three times as large; one of b as it is.
    expect(found.get('a')).toBeCloseTo(9 / 25, 3);
    expect(found.get('b')).toBeCloseTo(4 / 25, 3);
  });

  it('are 0, and left out, where nothing reads a node', async () => {
    expect((await sensitivities(sums, [2])).has('u')).toBe(false);
  });

  it('count the channels that are read, and leave out a node that never changes', async () => {
    const found = await sensitivities(unread, [1, 2, 2], 800);
    // Half of the error is in the channel that is read, give or take 8 % from 800 mixtures, and the output has the variance
    // of that channel.
    expect(Math.abs(Math.log(found.get('y') as number))).toBeLessThan(0.25);
    expect(found.has('still')).toBe(false);
  });

  it('do not lose in a mean over positions what is the same at all of them', async () => {
    // The mean of an output of 36 positions: white noise would come to 1/36 of itself.
    const found = await sensitivities(averaged, [4, 6, 6], 200, (i) => Math.sin(1 + 7 * Math.floor(i / 36)));
    expect(found.get('y')).toBeCloseTo(1, 1);
  });

  it('are left out of a node that gives no numbers', async () => {
    const rooted = smallModel(
      [
        { opType: 'Sqrt', inputs: ['x'], outputs: ['r'] },
        { opType: 'MatMul', inputs: ['r', 'one'], outputs: ['a'] },
        { opType: 'Relu', inputs: ['a'], outputs: ['z'] },
      ],
      [['x', 'float32', ['N', 2]]],
      [['z', 'float32', ['N', 2]]],
      { one: weight([1, 0, 0, 1], [2, 2]) },
    );
    expect((await sensitivities(rooted, [2])).size).toBe(0);
  });

  it('are the same for the same seed', async () => {
    expect(await sensitivities(unread, [1, 2, 2])).toEqual(await sensitivities(unread, [1, 2, 2]));
  });
});

describe('a probed model', () => {
  it('without errors is the model', async () => {
    const model = readModel(sums);
    const { disturbed, watched, probes } = probeModels(
      model,
      model.graph.nodes.filter((node) => node.is('MatMul')).map((node) => ({ node, dtype: 'float32' })),
    );
    const x = { dtype: 'float32', dims: [1, 2], data: Float32Array.of(1, -2) } as const;
    const zero = { dtype: 'float32', dims: [1], data: Float32Array.of(0) } as const;
    const feeds = { x, ...Object.fromEntries(probes.map(({ error }) => [error, zero])) };
    for (const probed of [disturbed, watched]) {
      const session = await runtime.load(writeModel(probed));
      expect((await session.run(feeds))['z']?.data).toEqual(Float32Array.of(5, -10));
      await session.release();
    }
  });

  it('leaves outputs of the model alone', () => {
    const model = readModel(
      smallModel(
        [{ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
        [['x', 'float32', ['N', 2]]],
        [['y', 'float32', ['N', 2]]],
        { w: weight([1, 0, 0, 1], [2, 2]) },
      ),
    );
    const probed = model.graph.nodes.map((node) => ({ node, dtype: 'float32' }) as const);
    expect(probeModels(model, probed).probes).toEqual([]);
  });
});
