import { describe, expect, test } from '@jest/globals';
import { builtinPasses } from '../../passes/index.ts';
import { attribute, type Model, toFloat64 } from '../../src/ir/index.ts';
import { plainBlas } from '../../src/numerics/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import {
  applyNodes,
  type Calibration,
  type Environment,
  FitCache,
  type PlanNode,
  planNodes,
  type Rewrites,
  resolvePipeline,
  sketchModel,
} from '../../src/rewrite/index.ts';
import { fakeCalibration } from '../support/fake-calibration.ts';
import { randomOperator } from '../support/random-operator.ts';
import { ModelBuilder, smallCnn } from '../support/small-models.ts';

const environment: Environment = { blas: plainBlas, seed: 0, signal: new AbortController().signal, onEvent: () => {} };
const policy = { requireGain: 'none', ranks: {}, allows: () => true } as const;

interface Made {
  readonly fitted: Model;
  readonly sketch: Model;
  readonly plan: Rewrites;
}

async function make(model: Model, pipeline: string, calibration?: Calibration): Promise<Made> {
  const stages = resolvePipeline(pipeline, builtinPasses);
  const fits = new FitCache();
  const data = calibration ? { calibration } : {};
  const plan = await planNodes(model, stages, policy, environment, fits, data);
  const applied = await applyNodes(model, stages, plan, policy, environment, fits, { reference: false, ...data });
  expect(applied.nodes.filter(({ plan: { method }, skipped }) => method !== null && skipped)).toEqual([]);
  const sketch = sketchModel(model, stages, plan, environment, { calibrated: calibration !== undefined });
  return { fitted: applied.model, sketch, plan };
}

/** All of a model but the numbers in its tensors. */
function shapeOf({ graph }: Model) {
  return {
    nodes: graph.nodes.map(({ name, opType, inputs, outputs, attributes }) => ({
      name,
      opType,
      inputs: inputs.map((value) => value?.name),
      outputs: outputs.map((value) => value?.name),
      attributes: [...attributes.values()],
    })),
    initializers: [...graph.initializers].map(({ name, tensor }) => [name, tensor?.dtype, tensor?.dims]),
  };
}

function byteLength(model: Model): number {
  return writeModel(model).length;
}

const share = 'ratio-ranks{params=0.6,ends=fit}';

describe('a sketch of a plan', () => {
  test.each([
    `fuse-batch-norm,${share},tucker-2,svd,share-initializers,eliminate-dead-nodes`,
    `fuse-batch-norm,${share},cp-split,svd`,
    `${share},grouped-core,svd`,
    `${share},spatial-svd`,
    `${share},tensor-train`,
  ])('has the nodes, shapes and bytes of the fitted model: %s', async (pipeline) => {
    for (const opset of [9, 13]) {
      const { fitted, sketch, plan } = await make(smallCnn({ opset }), pipeline);
      expect(plan.nodes.some(({ method }) => method !== null)).toBe(true);
      expect(shapeOf(sketch)).toEqual(shapeOf(fitted));
      expect(byteLength(sketch)).toBe(byteLength(fitted));
    }
  });

  test('has them for operators of every kind', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { model, text } = randomOperator(seed);
      const { fitted, sketch } = await make(model, `${share},tucker-2,svd`);
      expect({ text, ...shapeOf(sketch) }).toEqual({ text, ...shapeOf(fitted) });
      expect({ text, bytes: byteLength(sketch) }).toEqual({ text, bytes: byteLength(fitted) });
    }
  });

  test('has the biases that calibration brings', async () => {
    const model = new ModelBuilder()
      .input('x', [1, 6, 9, 9])
      .random('w1', [8, 6, 3, 3])
      .random('w2', [8, 8])
      .random('w3', [8, 8])
      .random('b3', [8])
      .random('w4', [8, 8])
      .random('b4', [8])
      .node('Conv', ['x', 'w1'], 'c', [attribute.ints('pads', [1, 1, 1, 1])], 'conv')
      .node('GlobalAveragePool', ['c'], 'p')
      .node('Flatten', ['p'], 'f')
      .node('MatMul', ['f', 'w2'], 'm2', [], 'alone')
      .node('MatMul', ['m2', 'w3'], 'm3', [], 'added')
      .node('Add', ['m3', 'b3'], 'a')
      .node('Gemm', ['a', 'w4', 'b4'], 'y', [attribute.float('beta', 0.5)], 'gemm')
      .output('y').model;
    const { fitted, sketch, plan } = await make(model, `${share},tucker-2,svd`, fakeCalibration());
    expect(plan.nodes.map(({ method }) => method)).toEqual(['tucker-2', 'svd', 'svd', 'svd']);
    expect(shapeOf(sketch)).toEqual(shapeOf(fitted));
    expect(byteLength(sketch)).toBe(byteLength(fitted));
  });

  test('depends on nothing but the seed, and leaves the model alone', async () => {
    const stages = resolvePipeline(`${share},cp-split,svd`, builtinPasses);
    const model = smallCnn();
    const before = byteLength(model);
    const plan = await planNodes(model, stages, policy, environment, new FitCache());
    const bytes = (seed: number) => Buffer.from(writeModel(sketchModel(model, stages, plan, { ...environment, seed })));
    expect(bytes(1).equals(bytes(1))).toBe(true);
    expect(bytes(1).equals(bytes(2))).toBe(false);
    expect(byteLength(model)).toBe(before);
  });

  test('keeps the size of outputs, without a number that is slow to compute with', async () => {
    for (const dtype of ['float32', 'float16'] as const) {
      const { sketch } = await make(smallCnn({ dtype }), `${share},cp-split,svd`);
      for (const { name, tensor } of sketch.graph.initializers) {
        if (!tensor || !name.includes('/')) continue;
        const smallest = toFloat64(tensor).reduce((least, value) => Math.min(least, Math.abs(value)), Infinity);
        expect(smallest).toBeGreaterThan(6.2e-5);
      }
    }
  });

  test('keeps nodes that cannot be rewritten', async () => {
    const stages = resolvePipeline(`${share},svd`, builtinPasses);
    const model = smallCnn();
    const plan = await planNodes(model, stages, policy, environment, new FitCache());
    const edited = (edit: Partial<PlanNode>) => ({
      ...plan,
      nodes: plan.nodes.map((entry) => (entry.method ? { ...entry, ...edit } : entry)),
    });
    const absurd = edited({ ranks: { R: 999 } });
    expect(sketchModel(model, stages, absurd, environment)).toBe(model);
    const unknown = edited({ name: 'nobody' });
    expect(() => sketchModel(model, stages, unknown, environment)).toThrow('the plan names "nobody"');
  });
});
