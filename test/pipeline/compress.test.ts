import { describe, expect, test } from '@jest/globals';
import { attribute, fromFloat64, Graph, type Model, Node, Value } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { apply, compress, type EngineOptions, plan, verify } from '../../src/pipeline/index.ts';
import { reportSchema } from '../../src/report/index.ts';
import { ModelBuilder, smallCnn } from '../support/small-models.ts';

const pipeline =
  'fuse-batch-norm,ratio-ranks{params=0.5,ends=fit},tucker-2,svd,eliminate-dead-nodes,share-initializers';
const quick: EngineOptions = { pipeline, bench: false };

const codes = (nodes: readonly { readonly name: string; readonly skipped: { readonly code: string } | null }[]) =>
  Object.fromEntries(nodes.map(({ name, skipped }) => [name, skipped?.code ?? 'rewritten']));

describe('compress', () => {
  test('rewrites every node that the pipeline takes, proves it exact, and reports by the schema', async () => {
    const { report, bytes } = await compress(writeModel(smallCnn()), quick);
    expect(codes(report.nodes)).toEqual({ conv1: 'rewritten', conv2: 'rewritten', classifier: 'rewritten' });
    expect(report.verification.exact?.ok).toBe(true);
    expect(report.nodes.every(({ exactError }) => exactError !== null && exactError < 1e-5)).toBe(true);
    expect(report.output.params).toBeLessThan(report.input.params * 0.6);
    expect(reportSchema.safeParse(report).error).toBeUndefined();
    const { graph } = readModel(bytes());
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['y']);
    expect(graph.nodes.map(({ name }) => name)).toContain('conv1/tucker-2/C');
  });

  test('counts in the report what the written model really holds', async () => {
    const { report, bytes } = await compress(writeModel(smallCnn()), quick);
    const tensors = [...readModel(bytes()).graph.initializers].map(({ tensor }) => tensor?.size ?? 0);
    const saved = report.nodes.reduce(
      (sum, { before, after }) => sum + (before?.params ?? 0) - (after?.params ?? 0),
      0,
    );
    expect(report.output.params).toBe(tensors.reduce((a, b) => a + b, 0));
    // The four statistics of batch-norm go as well; the bias stays.
    expect(report.input.params - report.output.params).toBe(saved + 4 * 12);
  });

  test('gives back the very bytes when nothing is asked for', async () => {
    const input = writeModel(smallCnn());
    const { bytes, report } = await compress(input, { pipeline: 'none' });
    expect(Buffer.compare(bytes(), input)).toBe(0);
    expect(report.nodes.every(({ skipped }) => skipped?.code === 'no-method')).toBe(true);
  });

  test('gives the same bytes twice, and with one thread and two', async () => {
    const input = writeModel(smallCnn());
    const methods = 'fuse-batch-norm,ratio-ranks{macs=0.7,ends=fit},cp-split{sweeps=20},svd';
    const runs: Uint8Array[] = [];
    for (const threads of [1, 1, 2])
      runs.push((await compress(input, { pipeline: methods, bench: false, threads })).bytes());
    expect(runs.map((bytes) => Buffer.compare(bytes, runs[0] as Uint8Array))).toEqual([0, 0, 0]);
  });

  test('keeps random inputs within float32 rounding of the original at full rank', async () => {
    const input = writeModel(smallCnn());
    const { bytes } = await compress(input, {
      ...quick,
      pipeline: 'energy-ranks{keep=1},tucker-2,svd',
      requireGain: 'none',
    });
    expect((await verify(input, bytes())).ok).toBe(true);
    const { bytes: lossy } = await compress(input, quick);
    expect((await verify(input, lossy())).ok).toBe(false);
  });

  test.each(['float16', 'bfloat16', 'float64'] as const)(
    'rewrites %s weights and stores the factors in that type',
    async (dtype) => {
      const model = new ModelBuilder({ dtype, opset: 22 })
        .input('x', [2, 24])
        .random('w', [24, 20], { scale: 0.1 })
        .node('MatMul', ['x', 'w'], 'y', [], 'matrix')
        .output('y').model;
      const { report, bytes } = await compress(writeModel(model), {
        ...quick,
        pipeline: 'ratio-ranks{params=0.5,ends=fit},svd',
      });
      expect(codes(report.nodes)).toEqual({ matrix: 'rewritten' });
      const factors = [...readModel(bytes()).graph.initializers].map(({ tensor }) => tensor?.dtype);
      expect(factors).toEqual([dtype, dtype]);
      if (dtype === 'bfloat16') expect(report.verification.unverified).toMatch(/implementation/);
      else expect(report.verification.exact?.ok).toBe(true);
    },
  );
});

describe('plan and apply', () => {
  test('apply gives the bytes of the run that its plan stands for', async () => {
    const input = writeModel(smallCnn());
    const made = await plan(input, quick);
    const run = await compress(input, quick);
    expect(made.nodes.map(({ method, ranks }) => ({ method, ranks }))).toEqual(
      run.plan.nodes.map(({ method, ranks }) => ({ method, ranks })),
    );
    const applied = await apply(input, made, { bench: false });
    expect(Buffer.compare(applied.bytes(), run.bytes())).toBe(0);
    const again = await apply(input, run.plan, { bench: false });
    expect(Buffer.compare(again.bytes(), run.bytes())).toBe(0);
  });

  test('does what an edited plan says', async () => {
    const input = writeModel(smallCnn());
    const made = await plan(input, quick);
    const edited = {
      ...made,
      nodes: made.nodes.map((node) => {
        if (node.name === 'conv1') return { ...node, method: null };
        return node.name === 'conv2' ? { ...node, ranks: { R3: 2, R4: 3 } } : node;
      }),
    };
    const { report, bytes } = await apply(input, edited, { bench: false });
    expect(codes(report.nodes)).toEqual({ conv1: 'excluded', conv2: 'rewritten', classifier: 'rewritten' });
    const core = [...readModel(bytes()).graph.initializers].find(({ name }) => name === 'conv2/tucker-2/C/weight');
    expect(core?.tensor?.dims).toEqual([3, 2, 3, 3]);
  });

  test('keeps a node whose planned ranks do not exist and says which do', async () => {
    const input = writeModel(smallCnn());
    const made = await plan(input, quick);
    const nodes = made.nodes.map((node) => (node.name === 'conv2' ? { ...node, ranks: { R3: 99, R4: 3 } } : node));
    const { report } = await apply(input, { ...made, nodes }, { bench: false });
    expect(report.nodes.find(({ name }) => name === 'conv2')?.skipped).toMatchObject({
      code: 'not-legal',
      text: expect.stringContaining('R3 ≤ 12'),
    });
  });

  test('refuses a plan of another model, of another version, and one that names strange nodes', async () => {
    const input = writeModel(smallCnn());
    const made = await plan(input, quick);
    const other = writeModel(smallCnn({ opset: 14 }));
    await expect(apply(other, made)).rejects.toMatchObject({ diagnostic: { code: 'plan-mismatch', exitCode: 2 } });
    await expect(apply(input, { ...made, version: 2 as 1 })).rejects.toMatchObject({ diagnostic: { exitCode: 2 } });
    const nodes = made.nodes.map((node, i) => (i === 0 ? { ...node, name: 'nobody' } : node));
    await expect(apply(input, { ...made, nodes })).rejects.toMatchObject({ diagnostic: { exitCode: 2 } });
  });
});

describe('what the user allows', () => {
  test('include and exclude choose nodes by glob; a glob that matches nothing is an error', async () => {
    const input = writeModel(smallCnn());
    expect(codes((await plan(input, { ...quick, include: ['conv*'], exclude: ['conv2'] })).nodes)).toEqual({
      conv1: 'rewritten',
      conv2: 'excluded',
      classifier: 'excluded',
    });
    await expect(plan(input, { ...quick, exclude: ['layer9*'] })).rejects.toMatchObject({
      diagnostic: { exitCode: 2 },
    });
  });

  test('ranks by hand override the rank pass and are checked', async () => {
    const input = writeModel(smallCnn());
    const { nodes } = await plan(input, { ...quick, ranks: { conv2: [3, 4] } });
    expect(nodes.find(({ name }) => name === 'conv2')).toMatchObject({
      ranks: { R3: 3, R4: 4 },
      rankSource: '--ranks',
    });
    await expect(plan(input, { ...quick, ranks: { conv9: [3, 4] } })).rejects.toMatchObject({
      diagnostic: { exitCode: 2 },
    });
  });

  test('a node that would grow stays, unless no gain is required', async () => {
    const input = writeModel(smallCnn());
    const greedy = { ...quick, pipeline: 'energy-ranks{keep=1},tucker-2' };
    expect(codes((await plan(input, greedy)).nodes)['conv2']).toBe('no-gain');
    expect(codes((await plan(input, { ...greedy, requireGain: 'none' })).nodes)['conv2']).toBe('rewritten');
  });
});

describe('weights in unusual places', () => {
  test('as a Constant node: rewritten, and the Constant goes', async () => {
    const { model, value } = constantWeight();
    const { report, bytes } = await compress(writeModel(model), {
      ...quick,
      pipeline: 'ratio-ranks{params=0.5,ends=fit},tucker-2',
    });
    expect(codes(report.nodes)).toEqual({ conv: 'rewritten' });
    expect(readModel(bytes()).graph.nodes.some(({ opType }) => opType === 'Constant')).toBe(false);
    expect(value.name).toBe('w');
  });

  test('as inputs of an IR 3 model: constant, and the result is IR 4 with the same interface', async () => {
    const model = smallCnn({ irVersion: 3, opset: 9 });
    model.graph.inputs.push(...model.graph.initializers);
    const { report, bytes } = await compress(writeModel(model), quick);
    expect(codes(report.nodes)).toEqual({ conv1: 'rewritten', conv2: 'rewritten', classifier: 'rewritten' });
    const written = readModel(bytes());
    expect(written.irVersion).toBe(4);
    expect(written.graph.inputs.map(({ name }) => name)).toEqual(['x']);
  });

  test('as inputs of a newer model: kept, unless --freeze-inputs takes them off the list', async () => {
    const model = smallCnn();
    model.graph.inputs.push(...model.graph.initializers);
    const input = writeModel(model);
    expect(new Set(Object.values(codes((await plan(input, quick)).nodes)))).toEqual(new Set(['weight-overridable']));
    const { report, bytes } = await compress(input, { ...quick, freezeInputs: true });
    expect(new Set(Object.values(codes(report.nodes)))).toEqual(new Set(['rewritten']));
    expect(readModel(bytes()).graph.inputs.map(({ name }) => name)).toEqual(['x']);
  });

  test('shared by two nodes: kept with the reason', async () => {
    const model = new ModelBuilder()
      .input('x', [1, 16, 6, 6])
      .random('w', [16, 16, 3, 3])
      .node('Conv', ['x', 'w'], 'a', [attribute.ints('pads', [1, 1, 1, 1])], 'first')
      .node('Conv', ['a', 'w'], 'y', [], 'second')
      .output('y').model;
    expect(codes((await plan(writeModel(model), quick)).nodes)).toEqual({
      first: 'weight-shared',
      second: 'weight-shared',
    });
  });

  test('with NaN or all zeros: kept with the reason', async () => {
    const broken = (w: Float64Array) =>
      new ModelBuilder()
        .input('x', [1, 4, 6, 6])
        .tensor('w', fromFloat64(w, [4, 4, 3, 3], 'float32'))
        .node('Conv', ['x', 'w'], 'y', [], 'conv')
        .output('y').model;
    const ones = new Float64Array(144).fill(1);
    expect(codes((await plan(writeModel(broken(ones.with(5, Number.NaN))), quick)).nodes)).toEqual({
      conv: 'non-finite',
    });
    expect(codes((await plan(writeModel(broken(ones.fill(0))), quick)).nodes)).toEqual({ conv: 'zero-weight' });
  });

  test('inside the branches of an If: kept with the reason, and what they capture stays', async () => {
    const input = writeModel(branchingModel());
    const { report, bytes } = await compress(input, { ...quick, pipeline: `${pipeline}` });
    expect(codes(report.nodes)).toMatchObject({ outer: 'rewritten', 'then/conv': 'subgraph', 'else/conv': 'subgraph' });
    expect(report.verification.exact?.ok).toBe(true);
    expect(readModel(bytes()).graph.nodes.find(({ opType }) => opType === 'If')?.subgraphs).toHaveLength(2);
  });

  test('outside the opsets that ONNX Runtime knows: everything is kept and the bytes are the same', async () => {
    const model = smallCnn({ opset: 99 });
    const input = writeModel(model);
    const { report, bytes } = await compress(input, quick);
    expect(new Set(Object.values(codes(report.nodes)))).toEqual(new Set(['opset-unsupported']));
    expect(Buffer.compare(bytes(), input)).toBe(0);
  });
});

/** Conv whose weight is the output of a Constant node. */
function constantWeight(): { model: Model; value: Value } {
  const builder = new ModelBuilder().input('x', [1, 16, 6, 6]).random('seed', [16, 16, 3, 3]);
  const tensor = builder.value('seed').tensor;
  if (!tensor) throw new Error('no tensor');
  const { model } = builder
    .node('Constant', [], 'w', [attribute.tensor('value', tensor)])
    .node('Conv', ['x', 'w'], 'y', [], 'conv')
    .output('y');
  model.graph.initializers.clear();
  return { model, value: builder.value('w') };
}

/** y = If(c) { Conv(h, w₁) } else { Conv(h, w₂) }, h = Conv(x): the branches capture h and their weights. */
function branchingModel(): Model {
  const builder = new ModelBuilder()
    .input('x', [1, 16, 6, 6])
    .input('c', [], 'bool')
    .random('w', [16, 16, 3, 3])
    .random('w1', [16, 16, 1, 1])
    .random('w2', [16, 16, 1, 1])
    .node('Conv', ['x', 'w'], 'h', [attribute.ints('pads', [1, 1, 1, 1])], 'outer');
  const branch = (name: string, weight: string) => {
    const graph = new Graph(name);
    const output = new Value(`${name}/y`, { kind: 'tensor', dtype: 'float32' });
    graph.append(
      new Node({
        name: `${name}/conv`,
        opType: 'Conv',
        inputs: [builder.value('h'), builder.value(weight)],
        outputs: [output],
      }),
    );
    graph.outputs.push(output);
    graph.parent = builder.model.graph;
    return { name: `${name}_branch`, value: { kind: 'graph' as const, value: graph } };
  };
  return builder.node('If', ['c'], 'y', [branch('then', 'w1'), branch('else', 'w2')], 'if').output('y').model;
}
