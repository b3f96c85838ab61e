import { describe, expect, test } from '@jest/globals';
import { fromFloat64, int64Tensor, type Model } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { apply, compress, type EngineOptions, plan } from '../../src/pipeline/index.ts';
import { ModelBuilder, smallCnn } from '../support/small-models.ts';

/** Outputs of each Conv and inputs of the Gemm. */
function sizes({ graph }: Model): readonly (number | undefined)[] {
  return graph.nodes.flatMap((node) => (node.is('Conv', 'Gemm') ? [node.inputs[1]?.tensor?.dims[0]] : []));
}

async function pruned(model: Model, pipeline: string, options: EngineOptions = {}) {
  const { report, bytes } = await compress(writeModel(model), { pipeline, bench: false, ...options });
  return { report, sizes: sizes(readModel(bytes())), bytes: bytes() };
}

describe('prune-filters', () => {
  test('removes a share of each group, rounded down', async () => {
    const { sizes: left } = await pruned(smallCnn(), 'fuse-batch-norm,prune-filters{ratio=0.3}');
    expect(left).toEqual([9, 12, 12]);
  });

  test('removes as many as asked for, and never the last', async () => {
    expect((await pruned(smallCnn(), 'prune-filters{count=5}')).sizes).toEqual([7, 11, 11]);
    expect((await pruned(smallCnn(), 'prune-filters{count=500}')).sizes).toEqual([1, 1, 1]);
  });

  test('leaves makers alone that --include and --exclude do not allow', async () => {
    expect((await pruned(smallCnn(), 'prune-filters{count=5}', { exclude: ['conv1'] })).sizes).toEqual([12, 11, 11]);
    expect((await pruned(smallCnn(), 'prune-filters{count=5}', { include: ['conv1'] })).sizes).toEqual([7, 16, 16]);
  });

  test('takes the filters with the smallest norm, of equal ones the later', async () => {
    const data = [3, -1, 1, 2];
    const builder = new ModelBuilder({ opset: 13 }).input('x', [1, 1, 2, 2]);
    for (const [name, values, dims] of [
      ['w', data, [4, 1, 1, 1]],
      ['v', [1, 2, 3, 4], [1, 4, 1, 1]],
    ] as const)
      builder.tensor(name, fromFloat64(values, dims, 'float32'));
    const { model } = builder
      .node('Conv', ['x', 'w'], 'c')
      .node('Relu', ['c'], 'r')
      .node('Conv', ['r', 'v'], 'y')
      .output('y');
    const { bytes } = await pruned(model, 'prune-filters{count=1}');
    const [first] = readModel(bytes).graph.nodes;
    expect(Array.from(new Float32Array(new Uint8Array(first?.inputs[1]?.tensor?.bytes() ?? []).buffer))).toEqual([
      3, -1, 2,
    ]);
  });

  test('without options changes nothing where every filter does something', async () => {
    const model = writeModel(smallCnn());
    const { bytes } = await compress(model, { pipeline: 'prune-filters', bench: false });
    expect(Buffer.compare(bytes(), model)).toBe(0);
  });

  test('comes before the ranks, and a plan repeats it', async () => {
    const pipeline = 'fuse-batch-norm,prune-filters{ratio=0.25},ratio-ranks{params=0.5,ends=fit},tucker-2,svd';
    const { report, bytes } = await pruned(smallCnn(), pipeline);
    expect(report.nodes.filter(({ method }) => method !== null).length).toBeGreaterThan(0);
    expect(report.verification.exact?.ok).toBe(true);
    const planned = await plan(writeModel(smallCnn()), { pipeline });
    const applied = await apply(writeModel(smallCnn()), planned, { bench: false });
    expect(Buffer.compare(applied.bytes(), bytes)).toBe(0);
  });

  test('removes no more than its share where a shortcut is padded to a wider stream', async () => {
    const { model } = new ModelBuilder({ opset: 13 })
      .input('x', [1, 3, 4, 4])
      .random('w1', [4, 3, 1, 1])
      .random('w2', [8, 4, 1, 1])
      .random('w3', [5, 8, 1, 1])
      .tensor('pads', int64Tensor([0, 2, 0, 0, 0, 2, 0, 0]))
      .node('Conv', ['x', 'w1'], 'c1', [], 'narrow')
      .node('Conv', ['c1', 'w2'], 'c2', [], 'wide')
      .node('Pad', ['c1', 'pads'], 'p')
      .node('Add', ['c2', 'p'], 'a')
      .node('Conv', ['a', 'w3'], 'y', [], 'last')
      .output('y');
    const pipeline = 'prune-filters{ratio=0.25}';
    const { sizes: left, report } = await pruned(model, pipeline);
    expect(left[1]).toBe(6);
    expect(report.groups?.pruned).toMatchObject([{ name: 'narrow', channels: { before: 8, after: 6 } }]);
    const made = await plan(writeModel(model), { pipeline });
    expect(made.pruned.map(({ group, of }) => [group, of])).toEqual([['narrow', 8]]);
    const all = made.pruned.map((entry) => ({ ...entry, kept: '0-7' }));
    const { bytes } = await apply(writeModel(model), { ...made, pruned: all }, { bench: false });
    expect(sizes(readModel(bytes()))).toEqual([4, 8, 5]);
  });

  test('goes through half precision', async () => {
    const { report, sizes: left } = await pruned(smallCnn({ dtype: 'float16' }), 'prune-filters{ratio=0.5}');
    expect(left).toEqual([6, 8, 8]);
    expect(report.verification.approximate).not.toBeNull();
  });
});
