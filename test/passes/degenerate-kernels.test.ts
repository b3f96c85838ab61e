import { describe, expect, test } from '@jest/globals';
import { attribute, fromFloat64, type Model } from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { compress } from '../../src/pipeline/index.ts';
import { ModelBuilder } from '../support/small-models.ts';

const methods = [
  'channel-svd',
  'spatial-svd',
  'tucker-2',
  'cp-split{sweeps=10}',
  'cp-split{form=four,sweeps=10}',
  'tensor-train',
  'grouped-core{sweeps=10}',
];

/** Kernels [2·6, 5, 3, 3] in two groups that trained networks do contain, and that divide by zero in careless code. */
const kernels: Record<string, (g: number, t: number, s: number, k: number, noise: number) => number> = {
  'one group of zeros': (g, _t, _s, _k, noise) => (g === 1 ? 0 : noise),
  'dead outputs': (_g, t, _s, _k, noise) => (t < 4 ? 0 : noise),
  'dead inputs': (_g, _t, s, _k, noise) => (s > 0 ? 0 : noise),
  'one tap only': (_g, _t, _s, k, noise) => (k === 4 ? noise : 0),
  'all the same': () => 0.25,
  'tiny numbers': (_g, _t, _s, _k, noise) => noise * 1e-30,
  'huge numbers': (_g, _t, _s, _k, noise) => noise * 1e15,
};

function modelOf(entry: (typeof kernels)[string]): Model {
  const random = seededRandom(3, 'degenerate');
  const data = new Float64Array(12 * 5 * 9);
  for (let i = 0; i < data.length; i++) {
    const [channel, s, k] = [Math.floor(i / 45), Math.floor(i / 9) % 5, i % 9];
    data[i] = entry(Math.floor(channel / 6), channel % 6, s, k, random.normal());
  }
  return new ModelBuilder()
    .input('x', [1, 10, 6, 6])
    .tensor('w', fromFloat64(data, [12, 5, 3, 3], 'float32'))
    .node('Conv', ['x', 'w'], 'y', [attribute.int('group', 2)], 'conv')
    .output('y').model;
}

describe.each(Object.keys(kernels))('a kernel with %s', (name) => {
  test.each(methods)('is rewritten by %s and proves exact', async (method) => {
    const entry = kernels[name];
    if (!entry) throw new Error('no kernel');
    for (const ratio of [0.2, 0.6]) {
      const { report } = await compress(writeModel(modelOf(entry)), {
        pipeline: `ratio-ranks{params=${ratio},ends=fit},${method}`,
        requireGain: 'none',
        check: 'nodes',
      });
      const [node] = report.nodes;
      if (node?.skipped?.code === 'no-gain') continue;
      expect(node?.skipped ?? null).toBeNull();
      expect(node?.weightError).toBeLessThanOrEqual(1);
    }
  });
});
