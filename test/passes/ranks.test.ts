import { describe, expect, test } from '@jest/globals';
import { builtinPasses } from '../../passes/index.ts';
import { fromFloat64, type Model } from '../../src/ir/index.ts';
import { plainBlas, seededRandom } from '../../src/numerics/index.ts';
import { type Environment, FitCache, type Policy, planNodes, resolvePipeline } from '../../src/rewrite/index.ts';
import { ModelBuilder } from '../support/small-models.ts';

const environment: Environment = { blas: plainBlas, seed: 0, signal: new AbortController().signal, onEvent: () => {} };
const anyGain: Policy = { requireGain: 'none', ranks: {}, allows: () => true };

async function planOf(model: Model, pipeline: string, policy: Policy = anyGain, fit = false) {
  const stages = resolvePipeline(pipeline, builtinPasses);
  const { nodes } = await planNodes(model, stages, policy, environment, new FitCache(), { fit });
  return nodes;
}

/** A Conv whose kernel has exactly the given ranks, and noise of the given size on top. */
function lowRankConv(
  dims: readonly [number, number, number, number],
  r3: number,
  r4: number,
  noise: number,
  scale = 1,
): Model {
  const [T, S, h, w] = dims;
  const random = seededRandom(7, 'low-rank');
  const [U, C, V] = [random.normals(T * r4), random.normals(r4 * r3 * h * w), random.normals(r3 * S)];
  const kernel = new Float64Array(T * S * h * w);
  for (let t = 0; t < T; t++)
    for (let s = 0; s < S; s++)
      for (let k = 0; k < h * w; k++) {
        let sum = noise * random.normal();
        for (let q = 0; q < r4; q++)
          for (let r = 0; r < r3; r++)
            sum += (U[t * r4 + q] as number) * (C[(q * r3 + r) * h * w + k] as number) * (V[r * S + s] as number);
        kernel[(t * S + s) * h * w + k] = sum * scale;
      }
  return new ModelBuilder()
    .input('x', [1, S, 8, 8])
    .tensor('w', fromFloat64(kernel, dims, 'float32'))
    .node('Conv', ['x', 'w'], 'y', [], 'conv')
    .output('y').model;
}

describe('vbmf-ranks', () => {
  test.each([1, 1e-4, 1e4])('finds the ranks under the noise at weight scale %p', async (scale) => {
    const [node] = await planOf(lowRankConv([24, 20, 3, 3], 4, 6, 0.5, scale), 'vbmf-ranks,tucker-2');
    expect(node?.ranks).toEqual({ R3: 4, R4: 6 });
  });

  test('keeps a node of pure noise, unless a minimum is set', async () => {
    const noise = lowRankConv([24, 20, 3, 3], 1, 1, 1e6);
    expect((await planOf(noise, 'vbmf-ranks,tucker-2'))[0]?.skipped?.code).toBe('rank-zero');
    expect((await planOf(noise, 'vbmf-ranks{minimum=3},tucker-2'))[0]?.ranks).toEqual({ R3: 3, R4: 3 });
  });

  test('weakening goes from the found rank to the full one', async () => {
    const model = lowRankConv([24, 20, 3, 3], 4, 6, 0.5);
    const ranks = async (w: number) => (await planOf(model, `vbmf-ranks{weakening=${w}},tucker-2`))[0]?.ranks;
    expect(await ranks(0)).toEqual({ R3: 20, R4: 24 });
    expect(await ranks(0.5)).toEqual({ R3: 12, R4: 15 });
  });
});

describe('energy-ranks', () => {
  test('keeps the exact ranks of a noiseless kernel, and no more of it than asked', async () => {
    const model = lowRankConv([24, 20, 3, 3], 4, 6, 0);
    expect((await planOf(model, 'energy-ranks{keep=0.9999999},tucker-2'))[0]?.ranks).toEqual({ R3: 4, R4: 6 });
    const [some] = await planOf(model, 'energy-ranks{keep=0.8},tucker-2');
    expect(some?.ranks?.['R3']).toBeLessThan(4);
    expect(some?.ranks?.['R4']).toBeLessThan(6);
  });

  test('ranks never fall when more energy is to be kept', async () => {
    const model = lowRankConv([16, 12, 3, 3], 5, 5, 0.3);
    let last = 0;
    for (const keep of [0.5, 0.7, 0.9, 0.99, 0.9999]) {
      const [node] = await planOf(model, `energy-ranks{keep=${keep}},channel-svd`);
      expect(node?.ranks?.['R']).toBeGreaterThanOrEqual(last);
      last = node?.ranks?.['R'] ?? 0;
    }
  });
});

describe('ratio-ranks', () => {
  const methods = ['channel-svd', 'spatial-svd', 'tucker-2', 'cp-split', 'tensor-train'];

  test.each(methods)('leaves %s at most the share asked for, and the next larger ranks leave more', async (method) => {
    const model = lowRankConv([40, 32, 3, 3], 8, 8, 1);
    for (const share of [0.2, 0.5, 0.8]) {
      const [node] = await planOf(model, `ratio-ranks{macs=${share},ends=fit},${method}`);
      const { before, after } = node?.cost ?? {};
      expect((after?.macs ?? Number.NaN) / (before?.macs ?? 1)).toBeLessThanOrEqual(share);
      const larger = Object.fromEntries(Object.entries(node?.ranks ?? {}).map(([name, rank]) => [name, rank + 2]));
      const [next] = await planOf(model, `fixed-ranks{conv=${Object.values(larger).join()}},${method}`);
      if (next?.cost) expect((next.cost.after.macs ?? 0) / (before?.macs ?? 1)).toBeGreaterThan(share);
    }
  });

  test('gives Tucker-2 the same share of both channel modes', async () => {
    const [node] = await planOf(lowRankConv([64, 32, 3, 3], 8, 8, 1), 'ratio-ranks{params=0.4,ends=fit},tucker-2');
    const { R3 = 0, R4 = 0 } = node?.ranks ?? {};
    expect(Math.abs(R3 / 32 - R4 / 64)).toBeLessThan(1 / 32);
  });

  test('rounds ranks down to multiples of the block', async () => {
    const [node] = await planOf(
      lowRankConv([64, 64, 3, 3], 8, 8, 1),
      'ratio-ranks{params=0.5,block=16,ends=fit},tucker-2',
    );
    expect(Object.values(node?.ranks ?? {}).every((rank) => rank > 0 && rank % 16 === 0)).toBe(true);
  });

  test('keeps the first and the last layer unless told otherwise', async () => {
    const model = lowRankConv([40, 32, 3, 3], 8, 8, 1);
    expect((await planOf(model, 'ratio-ranks{macs=0.5},tucker-2'))[0]?.skipped?.code).toBe('end-layer');
  });
});

describe('error-ranks', () => {
  test('takes the cheapest method within the bound and keeps the node where nothing gains', async () => {
    const policy: Policy = { ...anyGain, requireGain: 'params-or-macs' };
    const pipeline = 'error-ranks{max=0.05},channel-svd,spatial-svd,tucker-2,tensor-train';
    const [node] = await planOf(lowRankConv([24, 20, 3, 3], 3, 3, 0.01), pipeline, policy, true);
    expect(node?.weightError).toBeLessThanOrEqual(0.05);
    expect(node?.cost?.after.params).toBeLessThan((node?.cost?.before.params ?? 0) / 4);
    const [noise] = await planOf(lowRankConv([24, 20, 3, 3], 1, 1, 1e6), pipeline, policy, true);
    expect(noise?.skipped?.code).toBe('error-bound');
  });
});

describe('cost', () => {
  test("Tucker-2's parameters follow Kim's formula: E = K·S·T / (S·R3 + K·R3·R4 + T·R4)", async () => {
    for (const [T, S, k, R3, R4] of [
      [64, 32, 3, 10, 20],
      [20, 24, 5, 6, 7],
      [128, 64, 3, 17, 33],
    ] as const) {
      const [node] = await planOf(lowRankConv([T, S, k, k], 1, 1, 1), `fixed-ranks{conv=${R3},${R4}},tucker-2`);
      const { before, after } = node?.cost ?? {};
      const expected = (k * k * S * T) / (S * R3 + k * k * R3 * R4 + T * R4);
      expect((before?.params ?? 0) / (after?.params ?? 1)).toBeCloseTo(expected, 12);
    }
  });

  test('a 1×1 before a stride runs on the input grid and costs accordingly', async () => {
    const model = new ModelBuilder()
      .input('x', [1, 16, 9, 9])
      .random('w', [16, 16, 3, 3])
      .node('Conv', ['x', 'w'], 'y', [{ name: 'strides', value: { kind: 'ints', value: [2n, 2n] } }], 'conv')
      .output('y').model;
    const [node] = await planOf(model, 'fixed-ranks{conv=4,6},tucker-2');
    expect(node?.cost?.after.macs).toBe(16 * 4 * 81 + 9 * 4 * 6 * 16 + 6 * 16 * 16);
  });
});
