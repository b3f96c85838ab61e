import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { builtinPasses } from '../../passes/index.ts';
import { type Model, toFloat64 } from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { definePass } from '../../src/pass/index.ts';
import { openResources, type Resources } from '../../src/pipeline/environment.ts';
import { applyNodes, type Environment, FitCache, planNodes, resolvePipeline } from '../../src/rewrite/index.ts';
import { randomOperator } from '../support/random-operator.ts';

/** Ranks at which every method is exact. */
const fullRanks = definePass({
  name: 'full-ranks',
  kind: 'rank',
  summary: 'the largest ranks of every axis',
  options: z.strictObject({}),
  async choose([space]) {
    if (!space) throw new Error('no method');
    const ranks = space.clamp(Object.fromEntries(space.decomposition.axes.map(({ name, max }) => [name, max])));
    return { kind: 'choice', space, ranks };
  },
});

const methods = [
  'svd',
  'channel-svd',
  'spatial-svd{order=vertical-first}',
  'spatial-svd{order=horizontal-first}',
  'tucker-2{sides=both}',
  'tucker-2{sides=input}',
  'tucker-2{sides=output}',
  'cp-split{form=three}',
  'cp-split{form=four}',
  'tensor-train',
  'grouped-core',
  'grouped-core{block=3}',
];

const casesPerMethod = Number(process.env['ONNX_TUCKER_FULL_RANK_CASES'] ?? 2000) / methods.length;
const policy = { requireGain: 'none', ranks: {}, allows: () => true } as const;

let resources: Resources;
let environment: Environment;
beforeAll(() => {
  resources = openResources({});
  environment = resources.environment;
});
afterAll(() => resources.close());

describe('at full rank every method reproduces every operator it takes', () => {
  test.each(methods)('%s', async (method) => {
    const stages = resolvePipeline(`full-ranks,${method}`, [...builtinPasses, fullRanks]);
    let rewritten = 0;
    for (let seed = 0; rewritten < casesPerMethod; seed++) {
      const { model, text, inputDims } = randomOperator(seed);
      const fits = new FitCache();
      const plan = await planNodes(model, stages, policy, environment, fits);
      const { model: result, nodes } = await applyNodes(model, stages, plan, policy, environment, fits, {
        reference: false,
      });
      const [node] = nodes;
      if (node?.skipped?.code === 'no-method') continue;
      expect({ seed, text, skipped: node?.skipped }).toEqual({ seed, text, skipped: null });
      rewritten++;
      const x = Float32Array.from(seededRandom(seed, 'input').normals(inputDims.reduce((a, b) => a * b, 1)));
      const [y, actual] = [await run(model, inputDims, x), await run(result, inputDims, x)];
      const bound = roundingBound(model, result, x);
      const worst = y.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? Number.NaN))), 0);
      expect({ seed, text, length: actual.length }).toEqual({ seed, text, length: y.length });
      expect({ seed, text, withinBound: worst <= bound }).toEqual({ seed, text, withinBound: true });
    }
  });
});

async function run(model: Model, dims: readonly number[], data: Float32Array): Promise<Float32Array> {
  const { executor } = environment;
  if (!executor) throw new Error('no runtime');
  return executor.run(model, { dims, data });
}

/**
 * Both models compute in float32 with unit roundoff u. An output is a sum over at most N products of a path through the
 * chain; rounding the stored factors and the sums moves it by at most (N + steps + 2)·u·Σ|products|, and
 * Σ|products| ≤ Π‖F‖_F·‖x‖₂ by Cauchy–Schwarz. The original's own error is of the same form.
 */
function roundingBound(original: Model, rewritten: Model, x: Float32Array): number {
  const u = 2 ** -24;
  const [own, factors] = [original, rewritten].map((model) =>
    [...model.graph.initializers]
      .filter(({ name }) => name !== 'b')
      .map(({ tensor }) => norm(tensor ? toFloat64(tensor) : [])),
  );
  const bias = [...original.graph.initializers].find(({ name }) => name === 'b')?.tensor;
  const sizes = [...rewritten.graph.initializers].map(({ tensor }) => (tensor?.size ?? 0) / (tensor?.dims[0] ?? 1));
  const terms = sizes.reduce((sum, size) => sum + size + 2, 4);
  const magnitude = ((own ?? []).reduce((a, b) => a * b, 1) + (factors ?? []).reduce((a, b) => a * b, 1)) * norm(x);
  return 2 * terms * u * (magnitude + 2 * (bias ? norm(toFloat64(bias)) : 0));
}

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
}
