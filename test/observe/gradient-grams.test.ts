import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gradientModel } from '../../src/gradient/index.ts';
import { fromFloat64 } from '../../src/ir/index.ts';
import { plainBlas } from '../../src/numerics/index.ts';
import { measureGradientGrams } from '../../src/observe/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { smallModel } from '../runtime/small-models.ts';
import { arrayDataset, randomSamples } from './array-dataset.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

const weight = (data: readonly number[], dims: readonly number[]) => fromFloat64(data, dims, 'float32');

async function grams(bytes: Uint8Array, dims: readonly number[], samples = 512, seed = 0) {
  const model = readModel(bytes);
  const batch = 4;
  const found = gradientModel(
    model,
    model.graph.nodes.filter((node) => node.is('MatMul', 'Conv')),
    { x: [batch, ...dims] },
  );
  if (!found) return new Map<string, readonly Float64Array[]>();
  const dataset = arrayDataset('x', randomSamples(samples, dims), dims);
  const signal = new AbortController().signal;
  const options = { dataset, batch, seed, signal, blas: plainBlas };
  const own = await measureGradientGrams(runtime, found, writeModel(found.model), options);
  return new Map([...own].map(([node, matrices]) => [node.outputs[0]?.name ?? '', matrices]));
}

/** z = y·A, y = x. */
const linear = (columns: number, A: readonly number[]) =>
  smallModel(
    [
      { opType: 'MatMul', inputs: ['x', 'one'], outputs: ['y'] },
      { opType: 'MatMul', inputs: ['y', 'A'], outputs: ['z'] },
    ],
    [['x', 'float32', ['N', 2]]],
    [['z', 'float32', ['N', columns]]],
    { one: weight([1, 0, 0, 1], [2, 2]), A: weight(A, [2, columns]) },
  );

describe('Gram matrices of gradients', () => {
  it('are A·Aᵀ for outputs z = y·A', async () => {
    const [H] = (await grams(linear(3, [1, 2, 0, 0, 1, -1]), [2])).get('y') ?? [];
    // Of 512 directions: a sum of squares of three normal numbers is off by some 5 %.
    const wanted = [5, 2, 2, 2];
    for (const [i, value] of (H ?? []).entries()) expect(Math.abs(value - (wanted[i] as number))).toBeLessThan(0.9);
    expect(H).toHaveLength(4);
  });

  it('do not know what no output reads, and have each group of channels for itself', async () => {
    const found = await grams(
      smallModel(
        [
          {
            opType: 'Conv',
            inputs: ['x', 'w'],
            outputs: ['y'],
            attributes: [{ name: 'group', value: { kind: 'int', value: 2n } }],
          },
          { opType: 'Mul', inputs: ['y', 'read'], outputs: ['z'] },
        ],
        [['x', 'float32', ['N', 2, 3, 3]]],
        [['z', 'float32', ['N', 4, 3, 3]]],
        { w: weight([1, 1, 1, 1], [4, 1, 1, 1]), read: weight([1, 0, 2, 2], [1, 4, 1, 1]) },
      ),
      [2, 3, 3],
    );
    const [first, second] = found.get('y') ?? [];
    expect([...(first ?? [])].map((value) => Math.round(value))).toEqual([1, 0, 0, 0]);
    expect(first?.[3]).toBeLessThan(0.01);
    expect((second?.[0] ?? 0) / (first?.[0] ?? 1)).toBeCloseTo(4, 0);
  });

  it('are a multiple of the identity where samples tell nothing of single directions', async () => {
    const channels = 48;
    const averaged = smallModel(
      [
        { opType: 'Conv', inputs: ['x', 'w'], outputs: ['y'] },
        { opType: 'GlobalAveragePool', inputs: ['y'], outputs: ['z'] },
      ],
      [['x', 'float32', ['N', 2, 5, 5]]],
      [['z', 'float32', ['N', channels, 1, 1]]],
      { w: weight(new Array<number>(2 * channels).fill(1), [channels, 2, 1, 1]) },
    );
    // All 25 gradients of a sample are the same: 12 directions in 48 channels.
    const [H = new Float64Array()] = (await grams(averaged, [2, 5, 5], 12)).get('y') ?? [];
    const [mean = 0] = H;
    const off = H.filter((_, i) => i % (channels + 1) !== 0).map((value) => Math.abs(value) / mean);
    expect(mean).toBeGreaterThan(0);
    // Without being drawn towards it, entries beside the diagonal are 0.3 of it.
    expect(Math.sqrt(off.reduce((sum, value) => sum + value * value, 0) / off.length)).toBeLessThan(0.05);
  });

  it('count two outputs alike, however large their numbers are', async () => {
    const twice = (scale: number) =>
      smallModel(
        [
          { opType: 'MatMul', inputs: ['x', 'one'], outputs: ['y'] },
          { opType: 'MatMul', inputs: ['y', 'first'], outputs: ['a'] },
          { opType: 'MatMul', inputs: ['y', 'second'], outputs: ['b'] },
        ],
        [['x', 'float32', ['N', 2]]],
        [
          ['a', 'float32', ['N', 1]],
          ['b', 'float32', ['N', 1]],
        ],
        { one: weight([1, 0, 0, 1], [2, 2]), first: weight([1, 0], [2, 1]), second: weight([0, scale], [2, 1]) },
      );
    const [small] = (await grams(twice(1), [2])).get('y') ?? [];
    const [large] = (await grams(twice(1000), [2])).get('y') ?? [];
    for (const [i, value] of (large ?? []).entries()) expect(value).toBeCloseTo(small?.[i] as number, 5);
    expect(small?.[0]).toBeGreaterThan(0);
    expect(small?.[3]).toBeGreaterThan(0);
  });

  it('count alike outputs that have one row for each sample, and several', async () => {
    const model = smallModel(
      [
        { opType: 'MatMul', inputs: ['x', 'one'], outputs: ['y'] },
        { opType: 'MatMul', inputs: ['y', 'first'], outputs: ['a'] },
        { opType: 'MatMul', inputs: ['y', 'second'], outputs: ['b'] },
        { opType: 'Reshape', inputs: ['b', 'rows'], outputs: ['c'] },
      ],
      [['x', 'float32', ['N', 2]]],
      [
        ['a', 'float32', ['N', 8]],
        ['c', 'float32', ['M', 1]],
      ],
      {
        one: weight([1, 0, 0, 1], [2, 2]),
        first: weight([...new Array<number>(8).fill(1), ...new Array<number>(8).fill(0)], [2, 8]),
        second: weight([...new Array<number>(8).fill(0), ...new Array<number>(8).fill(1)], [2, 8]),
        rows: fromFloat64([-1, 1], [2], 'int64'),
      },
    );
    const [H] = (await grams(model, [2])).get('y') ?? [];
    // Each is its channel of y, eight times over.
    expect(Math.abs(Math.log((H?.[0] ?? 0) / (H?.[3] ?? 1)))).toBeLessThan(0.5);
  });

  it('are the same for the same seed, and others for another', async () => {
    const model = linear(2, [1, 0.5, 0, 1]);
    expect(await grams(model, [2])).toEqual(await grams(model, [2]));
    expect(await grams(model, [2], 512, 1)).not.toEqual(await grams(model, [2]));
  });

  it('are not known of a single batch, for nothing tells how far it is to be believed', async () => {
    expect((await grams(linear(2, [1, 0, 0, 1]), [2], 4)).has('y')).toBe(false);
    expect((await grams(linear(2, [1, 0, 0, 1]), [2], 8)).has('y')).toBe(true);
  });

  it('do without samples that fill no batch', async () => {
    const [H] = (await grams(linear(2, [1, 0, 0, 1]), [2], 10)).get('y') ?? [];
    expect(H?.every(Number.isFinite)).toBe(true);
    expect(H?.[0]).toBeGreaterThan(0);
  });
});
