import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { compress } from '../../src/pipeline/index.ts';
import { smallCnn } from '../support/small-models.ts';

/** A stranger's pass, written as a module. */
async function withModule<Result>(source: string, work: (plugin: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(resolve('.'), '.plugin-'));
  const plugin = join(folder, 'strange.mjs');
  try {
    await writeFile(plugin, `import { z } from 'zod'; ${source}`);
    return await work(plugin);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A factorize pass; `fit` is the body of its fit. */
function withPlugin<Result>(fit: string, work: (plugin: string) => Promise<Result>): Promise<Result> {
  const source = `
    export default {
      name: 'strange', kind: 'factorize', summary: 'a pass that goes wrong', options: z.strictObject({}),
      match: ({ inputs, outputs, kernelShape }) => kernelShape.length === 2 ? {
        axes: [{ name: 'R', max: Math.min(inputs, outputs), unfoldings: [['t']] }],
        factors: [{ name: 'U', indices: ['g', 't', 'R'] }, { name: 'V', indices: ['g', 'R', 's', 'k1', 'k2'] }],
        chain: [{ factor: 'V', to: ['g', 'R'], spatial: ['k1', 'k2'] }, { factor: 'U', to: ['g', 't'] }],
        async fit({ dims: [g, t, s, h, w] }, { R }) { ${fit} },
      } : null,
    };`;
  return withModule(source, work);
}

const zeros = 'const make = (...dims) => ({ data: new Float64Array(dims.reduce((a, b) => a * b, 1)), dims });';

test.each([
  ['throws', 'throw new Error("no idea");', 'pass-failed', /no idea/],
  ['leaves a factor out', `${zeros} return { factors: { U: make(g, t, R) }, relativeError: 0 };`, 'pass-failed', /V/],
  [
    'promises what its factors do not keep',
    `${zeros} return { factors: { U: make(g, t, R), V: make(g, R, s, h, w) }, relativeError: 0.1 };`,
    'check-failed',
    /promised/,
  ],
  [
    'returns NaN',
    `${zeros} const U = make(g, t, R); U.data.fill(NaN); return { factors: { U, V: make(g, R, s, h, w) }, relativeError: NaN };`,
    'check-failed',
    /NaN/,
  ],
  [
    'returns factors of another shape',
    `${zeros} return { factors: { U: make(g, t, R + 1), V: make(g, R, s, h, w) }, relativeError: 1 };`,
    'pass-failed',
    /U/,
  ],
] as const)('a pass that %s leaves its nodes alone, and the rest of the run goes on', async (_, fit, code, text) => {
  await withPlugin(fit, async (plugin) => {
    const { report } = await compress(writeModel(smallCnn()), {
      plugins: [plugin],
      pipeline: 'ratio-ranks{params=0.5,ends=fit},strange,svd',
      bench: false,
    });
    const outcome = Object.fromEntries(report.nodes.map(({ name, skipped }) => [name, skipped]));
    expect(outcome['classifier']).toBeNull();
    expect(outcome['conv1']).toEqual({ code, text: expect.stringMatching(text) });
    expect(outcome['conv2']).toEqual({ code, text: expect.stringMatching(text) });
    if (code === 'pass-failed') expect(report.warnings.map((warning) => warning.code)).toContain('pass-failed');
  });
});

test.each([
  ['throws', 'throw new Error("no idea")', [12, 16]],
  ['names filters that are not there', 'return { places: [99, -1, 3, 3] }', [11, 15]],
] as const)('a prune pass that %s removes nothing else', async (_, order, filters) => {
  const source = `
    export default {
      name: 'strange', kind: 'prune', summary: 'a pass that goes wrong', options: z.strictObject({}),
      rule: () => ({ count: () => 4, data: 'none', async order() { ${order} } }),
    };`;
  await withModule(source, async (plugin) => {
    const { report, bytes } = await compress(writeModel(smallCnn()), {
      ...{ plugins: [plugin], pipeline: 'fuse-batch-norm,strange', bench: false },
    });
    const convolutions = readModel(bytes()).graph.nodes.filter((node) => node.is('Conv'));
    expect(convolutions.map(({ inputs }) => inputs[1]?.tensor?.dims[0])).toEqual(filters);
    expect(report.warnings.some(({ code }) => code === 'pass-failed')).toBe(order.startsWith('throw'));
  });
});
