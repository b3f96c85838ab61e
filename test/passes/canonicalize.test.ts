import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { builtinPasses } from '../../passes/index.ts';
import { attribute, type Model } from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { openResources, type Resources } from '../../src/pipeline/environment.ts';
import { type Environment, resolvePipeline } from '../../src/rewrite/index.ts';
import { Workspace } from '../../src/rewrite/workspace.ts';
import { ModelBuilder, smallCnn } from '../support/small-models.ts';

let resources: Resources;
let environment: Environment;
beforeAll(() => {
  resources = openResources({});
  environment = resources.environment;
});
afterAll(() => resources.close());

function runPasses(model: Model, pipeline: string): Model {
  const workspace = new Workspace(model, environment);
  for (const step of resolvePipeline(pipeline, builtinPasses)) workspace.run(step);
  return workspace.model;
}

async function outputs(model: Model, dims: readonly number[]): Promise<Float32Array> {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const x = Float32Array.from(seededRandom(0, 'x').normals(size));
  if (!environment.executor) throw new Error('no runtime');
  return environment.executor.run(model, { dims, data: x });
}

async function expectSameFunction(before: Model, after: Model, dims: readonly number[]): Promise<void> {
  const [y, actual] = [await outputs(before, dims), await outputs(after, dims)];
  const largest = Math.max(...y.map(Math.abs));
  // A few hundred float32 products per output, weights rounded once more: far below 1e-5 of the largest output.
  for (const [i, value] of y.entries()) expect(Math.abs(value - (actual[i] as number))).toBeLessThan(1e-5 * largest);
  expect(actual.length).toBe(y.length);
}

const opTypes = (model: Model) => model.graph.nodes.map(({ opType }) => opType);

describe('fuse-batch-norm', () => {
  test('folds batch-norm into the Conv before it, which computes the same', async () => {
    const model = smallCnn();
    const fused = runPasses(model, 'fuse-batch-norm');
    expect(opTypes(fused)).toEqual(opTypes(model).filter((type) => type !== 'BatchNormalization'));
    expect([...fused.graph.initializers].map(({ name }) => name)).not.toContain('scale');
    await expectSameFunction(model, fused, [1, 8, 9, 9]);
  });

  test.each([
    ['ConvTranspose', [6, 4, 3, 3], 'grouped transposed convolution', [attribute.int('group', 2)]],
    ['Conv', [8, 3, 3, 3], 'grouped convolution', [attribute.int('group', 2)]],
  ] as const)('folds into a %s of %p (%s)', async (opType, dims, _, attributes) => {
    const model = new ModelBuilder()
      .input('x', [1, 6, 7, 7])
      .random('w', dims)
      .random('s', [8], { scale: 0.1, offset: 1 })
      .random('b', [8])
      .random('m', [8])
      .random('v', [8], { scale: 0.1, offset: 1 })
      .node(opType, ['x', 'w'], 'c', attributes)
      .node('BatchNormalization', ['c', 's', 'b', 'm', 'v'], 'y', [attribute.float('epsilon', 0.01)])
      .output('y').model;
    const fused = runPasses(model, 'fuse-batch-norm');
    expect(opTypes(fused)).toEqual([opType]);
    expect(fused.graph.outputs.map(({ name }) => name)).toEqual(['y']);
    await expectSameFunction(model, fused, [1, 6, 7, 7]);
  });

  test('folds into a Gemm with beta and a transposed weight', async () => {
    const model = new ModelBuilder()
      .input('x', [3, 6])
      .random('w', [4, 6])
      .random('c', [4])
      .random('s', [4], { offset: 1 })
      .random('b', [4])
      .random('m', [4])
      .random('v', [4], { scale: 0.1, offset: 1 })
      .node('Gemm', ['x', 'w', 'c'], 'g', [
        attribute.int('transB', 1),
        attribute.float('beta', 0.5),
        attribute.float('alpha', 2),
      ])
      .node('BatchNormalization', ['g', 's', 'b', 'm', 'v'], 'y')
      .output('y').model;
    const fused = runPasses(model, 'fuse-batch-norm');
    expect(opTypes(fused)).toEqual(['Gemm']);
    await expectSameFunction(model, fused, [3, 6]);
  });

  test('leaves batch-norm alone where something else reads the convolution, or its weight', () => {
    const twice = smallCnn();
    const [conv] = twice.graph.nodes;
    if (conv?.outputs[0]) twice.graph.outputs.push(conv.outputs[0]);
    expect(opTypes(runPasses(twice, 'fuse-batch-norm'))).toEqual(opTypes(twice));
    const shared = new ModelBuilder()
      .input('x', [1, 4, 5, 5])
      .random('w', [4, 4, 3, 3])
      .random('s', [4])
      .random('v', [4], { scale: 0.1, offset: 1 })
      .node('Conv', ['x', 'w'], 'a')
      .node('Conv', ['x', 'w'], 'b')
      .node('BatchNormalization', ['a', 's', 's', 's', 'v'], 'n')
      .node('Add', ['n', 'b'], 'y')
      .output('y').model;
    expect(opTypes(runPasses(shared, 'fuse-batch-norm'))).toEqual(opTypes(shared));
  });

  test('leaves batch-norm in training form alone', () => {
    const model = smallCnn();
    model.graph.nodes[1]?.attributes.set('training_mode', attribute.int('training_mode', 1));
    expect(opTypes(runPasses(model, 'fuse-batch-norm'))).toEqual(opTypes(model));
  });
});

describe('resolve-pads', () => {
  test.each(['SAME_UPPER', 'SAME_LOWER', 'VALID'])(
    'writes %s as pads without changing the outputs',
    async (automatic) => {
      const model = new ModelBuilder()
        .input('x', [1, 3, 10, 7])
        .random('w', [5, 3, 4, 3])
        .node('Conv', ['x', 'w'], 'c', [attribute.string('auto_pad', automatic), attribute.ints('strides', [2, 3])])
        .node('MaxPool', ['c'], 'y', [attribute.string('auto_pad', automatic), attribute.ints('kernel_shape', [2, 1])])
        .output('y').model;
      const resolved = runPasses(model, 'resolve-pads');
      for (const node of resolved.graph.nodes) expect([...node.attributes.keys()]).not.toContain('auto_pad');
      await expectSameFunction(model, resolved, [1, 3, 10, 7]);
    },
  );

  test('writes an output_shape beyond the reach of the input as output padding', async () => {
    const model = new ModelBuilder()
      .input('x', [1, 4, 5, 5])
      .random('w', [4, 3, 3, 3])
      .node(
        'ConvTranspose',
        ['x', 'w'],
        'y',
        [attribute.ints('output_shape', [12, 10]), attribute.ints('strides', [2, 2])],
        'up',
      )
      .output('y').model;
    const resolved = runPasses(model, 'resolve-pads');
    expect(resolved.graph.nodes[0]?.ints('output_padding')).toEqual([1, 0]);
    expect(resolved.graph.nodes[0]?.ints('output_shape')).toBeUndefined();
    await expectSameFunction(model, resolved, [1, 4, 5, 5]);
  });

  test('keeps auto_pad where the spatial sizes are open', () => {
    const model = new ModelBuilder()
      .input('x', [1, 3, 'height', 'width'])
      .random('w', [5, 3, 3, 3])
      .node('Conv', ['x', 'w'], 'y', [attribute.string('auto_pad', 'SAME_UPPER'), attribute.ints('strides', [2, 2])])
      .output('y').model;
    expect(runPasses(model, 'resolve-pads').graph.nodes[0]?.string('auto_pad', '')).toBe('SAME_UPPER');
  });
});

describe('clean-up', () => {
  test('removes nodes and initializers that no output depends on', async () => {
    const model = new ModelBuilder()
      .input('x', [2, 3])
      .random('used', [3])
      .random('dead', [3])
      .random('unread', [7])
      .node('Add', ['x', 'used'], 'y')
      .node('Mul', ['x', 'dead'], 'm')
      .node('Relu', ['m'], 'r')
      .output('y').model;
    const clean = runPasses(model, 'eliminate-dead-nodes');
    expect(opTypes(clean)).toEqual(['Add']);
    expect([...clean.graph.initializers].map(({ name }) => name)).toEqual(['used']);
    await expectSameFunction(model, clean, [2, 3]);
  });

  test('keeps one of identical initializers and all that differ', async () => {
    const builder = new ModelBuilder().input('x', [2, 3]).random('a', [3]).random('c', [3]);
    const twin = builder.value('a').tensor;
    if (!twin) throw new Error('no tensor');
    const model = builder
      .tensor('b', twin)
      .node('Add', ['x', 'a'], 's')
      .node('Mul', ['s', 'b'], 'm')
      .node('Sub', ['m', 'c'], 'y')
      .output('y').model;
    const shared = runPasses(model, 'share-initializers');
    expect([...shared.graph.initializers].map(({ name }) => name).sort()).toEqual(['a', 'c']);
    await expectSameFunction(model, shared, [2, 3]);
  });

  test('is idempotent', () => {
    const once = runPasses(smallCnn(), 'fuse-batch-norm,resolve-pads,eliminate-dead-nodes,share-initializers');
    const workspace = new Workspace(once, environment);
    const changes = resolvePipeline(
      'fuse-batch-norm,resolve-pads,eliminate-dead-nodes,share-initializers',
      builtinPasses,
    ).map((step) => workspace.run(step));
    expect(changes).toEqual([false, false, false, false]);
  });
});
