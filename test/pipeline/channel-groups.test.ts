import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromFloat64, type Model } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { compress, type EngineOptions, explain, explainPlan, inspect, plan } from '../../src/pipeline/index.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { residualDims as dims, residualNetwork } from '../support/residual-network.ts';
import { ModelBuilder, smallCnn } from '../support/small-models.ts';

let folder = '';
let data = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'channel-groups-'));
  data = join(folder, 'images.npy');
  await writeFile(data, npyBytes(randomSamples(64, dims), [64, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

async function reported(pipeline: string, options: EngineOptions = {}, model: Model = residualNetwork()) {
  return compress(writeModel(model), { pipeline, bench: false, ...options });
}

function sum(values: readonly (number | null | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? Number.NaN), 0);
}

/** Two equal filters beside two others. */
function withTwins(): Model {
  const filters = [3, -1, 3, 2];
  return new ModelBuilder({ opset: 13 })
    .input('x', [1, 1, 2, 2])
    .tensor('w', fromFloat64(filters, [4, 1, 1, 1], 'float32'))
    .random('v', [1, 4, 1, 1])
    .node('Conv', ['x', 'w'], 'c', [], 'first')
    .node('Relu', ['c'], 'r')
    .node('Conv', ['r', 'v'], 'y', [], 'last')
    .output('y').model;
}

describe('the report of a run that prunes', () => {
  test('tells of each group who makes and reads it, and how many channels are left', async () => {
    const { report } = await reported('prune-filters{ratio=0.25}');
    expect(report.groups?.pruned).toMatchObject([
      {
        name: 'stem',
        makers: ['stem', 'outer', 'depthwise', 'last'],
        readers: ['inner', 'grouped', 'classifier'],
        // The grouped convolution reads them in two groups: channel c goes with channel c + 6.
        channels: { before: 6, after: 5 },
      },
      { name: 'inner', makers: ['inner'], readers: ['outer'], channels: { before: 16, after: 12 } },
      { name: 'grouped', makers: ['grouped'], readers: ['last'], channels: { before: 4, after: 3 } },
    ]);
  });

  test('shares out among the groups exactly what the model saves', async () => {
    for (const ratio of [0.25, 0.5, 0.9]) {
      const { input, output, groups } = (await reported(`prune-filters{ratio=${ratio},criterion=l1}`)).report;
      const saved = groups?.pruned.map((group) => group.saved) ?? [];
      // Each group is rounded.
      expect(Math.abs(sum(saved.map(({ params }) => params)) - (input.params - output.params))).toBeLessThan(2);
      expect(Math.abs(sum(saved.map(({ macs }) => macs)) - sum([input.macs]) + sum([output.macs]))).toBeLessThan(2);
    }
  });

  test('tells the loss that the plan knows, and none where filters went by their norm', async () => {
    const { report, plan } = await reported('prune-filters{ratio=0.25}', { calibrate: data, samples: 64 });
    expect(report.groups?.pruned.map(({ name, loss }) => [name, loss])).toEqual(
      plan.pruned.map(({ group, loss }) => [group, loss]),
    );
    const { groups } = (await reported('prune-filters{ratio=0.25}')).report;
    expect(groups?.pruned.map(({ loss }) => loss)).toEqual([null, null, null]);
  });

  test('tells the loss of filters that do nothing as 0, and of a group that loses filters twice once', async () => {
    const alone = await reported('prune-filters', {}, withTwins());
    expect(alone.report.groups?.pruned).toMatchObject([{ name: 'first', channels: { before: 4, after: 3 }, loss: 0 }]);
    const both = await reported('prune-filters,prune-filters{count=1}', {}, withTwins());
    expect(both.report.groups?.pruned).toMatchObject([
      { name: 'first', channels: { before: 4, after: 2 }, saved: { params: 4 }, loss: null },
    ]);
  });

  test('says why other groups stay', async () => {
    const { groups } = (await reported('prune-filters{ratio=0.25}', { exclude: ['depthwise'] })).report;
    expect(groups?.total).toBe(4);
    expect(groups?.frozen).toMatchObject([
      { name: 'stem', code: 'excluded', node: 'depthwise' },
      { name: 'classifier', code: 'graph-output', text: 'y is a graph output', node: null },
    ]);
  });

  test('has nothing to say of groups without a prune pass, and names none where nothing was removed', async () => {
    expect((await reported('fuse-batch-norm')).report.groups).toBeNull();
    const { groups } = (await compress(writeModel(smallCnn()), { bench: false })).report;
    expect(groups).toMatchObject({ total: 3, pruned: [] });
  });

  test('shows that pruning makes activations smaller', async () => {
    const { input, output } = (await reported('prune-filters{ratio=0.5}')).report;
    expect(input.activationBytes).toBe(4 * 64 * (12 + 16 + 16));
    expect(output.activationBytes).toBe(4 * 64 * (6 + 8 + 8));
  });
});

describe('the channels of a node are explained', () => {
  const bytes = writeModel(residualNetwork());

  test('by who else makes and reads them, and why they stay', async () => {
    const { groups } = await explain(bytes, 'last', { pipeline: 'none' });
    expect(groups).toMatchObject([
      { name: 'stem', roles: ['makes'], makers: ['stem', 'outer', 'depthwise', 'last'], frozen: null, pruned: null },
      { name: 'grouped', roles: ['reads'], makers: ['grouped'], readers: ['last'], frozen: null },
    ]);
    const { groups: ofLast } = await explain(bytes, 'classifier', { pipeline: 'none' });
    expect(ofLast.map(({ name, frozen }) => [name, frozen?.code])).toEqual([
      ['stem', undefined],
      ['classifier', 'graph-output'],
    ]);
  });

  test('by what the pipeline removes of them, or a plan', async () => {
    const pipeline = 'prune-filters{ratio=0.25,criterion=l2}';
    const made = await plan(bytes, { pipeline });
    const [inner] = made.pruned.filter(({ group }) => group === 'inner');
    expect((await explain(bytes, 'inner', { pipeline })).groups.at(-1)).toMatchObject({ name: 'inner', pruned: inner });
    const edited = { ...made, pruned: made.pruned.map((entry) => ({ ...entry, kept: '0-4', loss: 0.5 })) };
    const { groups } = await explainPlan(bytes, 'inner', edited);
    expect(groups.map(({ name, pruned }) => [name, pruned?.kept, pruned?.loss])).toEqual([
      ['stem', '0-4', 0.5],
      ['inner', '0-4', 0.5],
    ]);
  });

  test('by data where there are any', async () => {
    const options = { pipeline: 'prune-filters{ratio=0.25}', calibrate: data, samples: 64 };
    const { groups } = await explain(bytes, 'grouped', options);
    expect(groups.map(({ pruned }) => typeof pruned?.loss)).toEqual(['number', 'number']);
  });

  test('in the list of all groups, where that is asked for', async () => {
    const { groups } = await inspect(bytes, { groups: true, exclude: ['inner'] });
    expect(groups?.map(({ name, channels, frozen }) => [name, channels, frozen?.code])).toEqual([
      ['stem', 6, undefined],
      ['inner', 16, 'excluded'],
      ['grouped', 4, undefined],
      ['classifier', 5, 'graph-output'],
    ]);
    expect((await inspect(bytes)).groups).toBeUndefined();
  });
});
