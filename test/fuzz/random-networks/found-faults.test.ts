import { describe, expect, test } from '@jest/globals';
import { fromFloat64, Graph, type Model, Node, Value } from '../../../src/ir/index.ts';
import { seededRandom } from '../../../src/numerics/index.ts';
import { readModel, writeModel } from '../../../src/onnx/index.ts';
import { compress } from '../../../src/pipeline/index.ts';
import { ModelBuilder, smallCnn } from '../../support/small-models.ts';

/** What random networks have brought to light, as small as it gets. */
describe('found with random networks', () => {
  test('equal initializers of IR 3, which are inputs in name only, are shared at once, not on a second run', async () => {
    const builder = new ModelBuilder({ irVersion: 3, opset: 9 }).input('x', [1, 4]).random('a', [4]);
    const { graph } = builder.model;
    builder
      .tensor('b', constantOf(builder.model, 'a'))
      .node('Add', ['x', 'a'], 'y')
      .node('Mul', ['y', 'b'], 'z')
      .output('z');
    graph.inputs.push(...graph.initializers);
    const once = await run(writeModel(builder.model), 'share-initializers');
    expect([...readModel(once).graph.initializers].map(({ name }) => name)).toEqual(['a']);
    expect(Buffer.compare(await run(once, 'share-initializers'), once)).toBe(0);
  });

  test('a method that is in the pipeline twice, with different options, is refused: a plan could not tell them apart', async () => {
    const pipeline = 'error-ranks{max=0.5},cp-split,error-ranks{max=0.9},cp-split{form=four}';
    const refused = { diagnostic: { code: 'usage', exitCode: 2 } };
    await expect(run(writeModel(smallCnn()), pipeline)).rejects.toMatchObject(refused);
  });

  test('freezing inputs of an IR 3 model, where weights have to be inputs, makes it IR 4', async () => {
    const builder = new ModelBuilder({ irVersion: 3, opset: 9 }).input('x', [1, 4]).random('w', [4, 3]);
    const { graph } = builder.node('MatMul', ['x', 'w'], 'y').output('y').model;
    graph.inputs.push(...graph.initializers);
    const { bytes } = await compress(writeModel(builder.model), { pipeline: 'none', freezeInputs: true, bench: false });
    const { irVersion, graph: written } = readModel(bytes());
    expect({ irVersion, inputs: written.inputs.map(({ name }) => name) }).toEqual({ irVersion: 4, inputs: ['x'] });
  });

  test('float16 weights too small for all their digits are no reason to doubt a rewrite', async () => {
    const builder = new ModelBuilder({ dtype: 'float16' }).input('x', [2, 24]).random('w', [24, 20], { scale: 1e-6 });
    const input = writeModel(builder.node('MatMul', ['x', 'w'], 'y').output('y').model);
    const { report } = await compress(input, { pipeline: 'ratio-ranks{params=0.5,ends=fit},svd', bench: false });
    expect(report.nodes.map(({ method }) => method)).toEqual(['svd']);
    expect(report.verification.unverified).toMatch(/rounding alone/);
  });

  test('float16 products that cancel, whatever the input, are no reason to doubt a rewrite', async () => {
    // Features near 1, whatever x is; columns of the weight that sum up to a thirtieth of their length.
    const weight = seededRandom(0, 'w').normals(24 * 20);
    for (let column = 0; column < 20; column++) {
      const rows = Array.from({ length: 24 }, (_, row) => row * 20 + column);
      const mean = rows.reduce((sum, at) => sum + (weight[at] as number), 0) / 24;
      for (const at of rows) weight[at] = (weight[at] as number) - mean + 0.007;
    }
    const builder = new ModelBuilder({ dtype: 'float16' })
      .input('x', [2, 24])
      .random('small', [1], { scale: 0, offset: 1e-4 })
      .random('ones', [24], { scale: 0.01, offset: 1 })
      .tensor('w', fromFloat64(weight, [24, 20], 'float16'))
      .node('Mul', ['x', 'small'], 'a')
      .node('Add', ['a', 'ones'], 'b')
      .node('MatMul', ['b', 'w'], 'y');
    const options = { pipeline: 'energy-ranks{keep=1},svd', requireGain: 'none', bench: false } as const;
    const { report } = await compress(writeModel(builder.output('y').model), options);
    expect(report.nodes.map(({ method }) => method)).toEqual(['svd']);
  });

  test('a weight that only a dead If reads goes with it, not on a second run', async () => {
    const builder = new ModelBuilder().input('x', [1, 4]).input('condition', [], 'bool').random('w', [4, 4]);
    const branch = (name: string) => {
      const graph = new Graph(name);
      graph.parent = builder.model.graph;
      graph.outputs.push(new Value(`${name}-output`, { kind: 'tensor', dtype: 'float32' }));
      const inputs = [builder.value('x'), builder.value('w')];
      graph.append(new Node({ opType: 'MatMul', inputs, outputs: graph.outputs }));
      return { name, value: { kind: 'graph', value: graph } } as const;
    };
    const branches = ['then_branch', 'else_branch'].map(branch);
    builder.node('If', ['condition'], 'unread', branches).node('Relu', ['x'], 'y').output('y');
    const { graph } = readModel(await run(writeModel(builder.model), 'eliminate-dead-nodes'));
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Relu']);
    expect([...graph.initializers].map(({ name }) => name)).toEqual([]);
  });
});

async function run(input: Uint8Array, pipeline: string): Promise<Uint8Array> {
  return (await compress(input, { pipeline, bench: false })).bytes();
}

function constantOf({ graph }: Model, name: string) {
  const tensor = [...graph.initializers].find((value) => value.name === name)?.tensor;
  if (!tensor) throw new Error(`no initializer ${name}`);
  return tensor;
}
